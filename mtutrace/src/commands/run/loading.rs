//! Loads the kernel side while keys and signals are answered: the verifier may take a second.
use std::future::poll_fn;

use super::signals::Signals;
use crate::commands::outcome::Failure;
use crate::kernel::load::{self, Loaded};
use crate::output::{Context, Item, Output, Request};

/// Loads it on a thread of its own. Whoever asks for the end meanwhile has it once this is done; `signals` know.
///
/// # Errors
/// When it cannot be loaded, or there is nobody to show anything to.
pub(super) async fn load(
    options: &load::Options,
    output: &mut dyn Output,
    signals: &Signals,
    context: &Context<'_>,
) -> Result<Loaded, Failure> {
    let options = options.clone();
    let mut loading = tokio::task::spawn_blocking(move || load::load(&options));
    let starting = Item::Starting { attached: 0, wanted: 0 };
    output.show(&starting, context).map_err(Failure::Output)?;
    loop {
        tokio::select! {
            loaded = &mut loading => return match loaded {
                Ok(loaded) => Ok(loaded?),
                Err(died) => Err(Failure::Machine(format!("loading the BPF object failed: {died}"))),
            },
            wish = poll_fn(|cx| output.poll_request(cx)) => {
                if wish.map_err(Failure::Output)? == Request::End {
                    signals.end();
                }
            }
            () = tokio::time::sleep(super::session::TICK) => {}
        }
        output.flush().map_err(Failure::Output)?;
    }
}
