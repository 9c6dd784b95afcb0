//! Loads the kernel side while keys and signals are answered: the verifier may take a second.
use std::future::poll_fn;

use tokio::sync::oneshot;

use crate::commands::ending::ending;
use crate::commands::outcome::{Failure, Outcome};
use crate::commands::signals::Signals;
use crate::kernel::load::{self, LoadError, Loaded};
use crate::output::{Context, Item, Output, Request, Totals};
use crate::telemetry::TraceStatus;

/// What a thread of its own loads; it ends with the process at the latest.
pub(super) struct Loading(oneshot::Receiver<Result<Loaded, LoadError>>);

impl Loading {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(super) fn start(options: &load::Options) -> std::io::Result<Loading> {
        let options = options.clone();
        let (done, loading) = oneshot::channel();
        let work = move || drop(done.send(load::load(&options)));
        std::thread::Builder::new().name("loader".to_owned()).spawn(work)?;
        Ok(Loading(loading))
    }
}

/// Waits for it; nothing, if somebody asks for the end first.
///
/// # Errors
/// When it cannot be loaded, or there is nobody to show anything to.
pub(super) async fn loaded(
    mut loading: Loading,
    output: &mut dyn Output,
    signals: &mut Signals,
    context: &Context<'_>,
) -> Result<Option<Loaded>, Failure> {
    let starting = Item::Starting { attached: 0, wanted: 0 };
    output.show(&starting, context).map_err(Failure::Output)?;
    loop {
        tokio::select! {
            loaded = &mut loading.0 => return match loaded {
                Ok(loaded) => Ok(Some(loaded?)),
                Err(_) => Err(Failure::Machine("loading the BPF object failed; please report this".to_owned())),
            },
            wish = poll_fn(|cx| output.poll_request(cx)) => {
                if wish.map_err(Failure::Output)? == Request::End {
                    return Ok(None);
                }
            }
            () = signals.wait() => return Ok(None),
            () = tokio::time::sleep(super::live::TICK) => {}
        }
        output.flush().map_err(Failure::Output)?;
    }
}

/// The end of a run that has seen nothing, with a report that says so.
///
/// # Errors
/// When nobody reads it.
pub(super) fn ended(
    output: &mut dyn Output,
    signals: &Signals,
    context: &Context<'_>,
) -> Result<Outcome, Failure> {
    signals.end();
    output.close();
    let (status, totals) = (TraceStatus::default(), Totals { unready: true, ..Totals::default() });
    let shown = output.show(&Item::End(&[], &[], &status, &totals), context).and_then(|()| output.flush());
    ending(shown.map_err(Failure::Output), false, None, output, true)
}
