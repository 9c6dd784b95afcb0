//! The screen: verdicts, containers and their figures, live; at the end the report of the text output.
mod app;
mod data;
mod figures;
mod frame_writer;
mod keys;
mod series;
mod terminal;
mod traffic;
mod tree;
mod view;

use std::io;
use std::task::{Context as TaskContext, Poll, ready};

use crossterm::event::Event;

use super::buffer::Buffer;
use super::colour::wants_colour;
use super::queue::Patience;
use super::queued::Queued;
use super::text::{Look, Text};
use super::{Context, Item, Output, Request};
use crate::filter::Filter;
use crate::telemetry::cost::Cost;
use app::{App, Effect};
use terminal::{Input, Screen, SuspendScope};
use view::Theme;

/// The screen, as an output.
pub(crate) struct Tui {
    app: App,
    screen: Option<Screen>,
    text: Queued<Text<Buffer>>,
    /// There is something new to see.
    news: bool,
    /// Somebody waits for the answer to a key.
    key: bool,
    closed: bool,
}

impl Tui {
    /// Nothing is shown before the first item; `filter` is what the command line asks for, and `only` what of the final report.
    ///
    /// # Errors
    /// When there is no thread to write the final report.
    pub(crate) fn new(filter: Filter, look: Look) -> io::Result<Tui> {
        let text = Queued::new(|out| Text::new(out, Look { brief: true, ..look }))?;
        Ok(Tui { app: App::new(filter), screen: None, text, news: false, key: false, closed: false })
    }

    fn handle(&mut self, input: Input) -> io::Result<Request> {
        let effect = match input {
            Input::Gone => Effect::Quit,
            Input::Stop => {
                self.screen.as_mut().map_or(Ok(()), |screen| screen.suspend(SuspendScope::Process))?;
                Effect::Nothing
            }
            Input::Continue => {
                self.screen.as_mut().map_or(Ok(()), Screen::resume)?;
                Effect::Nothing
            }
            Input::Event(Event::Key(key)) => match keys::action(key, self.app.typing) {
                Some(action) => self.app.act(action),
                None => return Ok(Request::Draw),
            },
            Input::Event(_) => Effect::Nothing,
        };
        self.key = true;
        let Some(screen) = &mut self.screen else { return Ok(Request::Draw) };
        match effect {
            Effect::Nothing => {}
            Effect::Redraw => screen.renew()?,
            Effect::Suspend => screen.suspend(SuspendScope::Job)?,
            Effect::Copy(text) => screen.copy(&text)?,
            Effect::Quit => {
                self.close();
                return Ok(Request::End);
            }
        }
        Ok(Request::Draw)
    }
}

impl Output for Tui {
    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        if let Item::End(..) = item {
            self.close();
            return self.text.show(item, context);
        }
        if self.screen.is_none() && !self.closed {
            self.screen = Some(Screen::new()?);
        }
        self.news |= self.app.take(item, context.node, context.clock.now_ns());
        Ok(())
    }

    fn cost(&mut self, cost: &Cost) {
        self.app.live().cost.clone_from(cost);
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(screen) = &mut self.screen else { return self.text.flush() };
        if (self.news || self.key) && screen.is_ready(self.key) {
            let theme = Theme { colour: wants_colour() };
            let (app, mut extent) = (&self.app, app::Extent::default());
            screen.draw(|frame| extent = view::draw(frame, app, theme))?;
            self.app.extent = extent;
            (self.news, self.key) = (false, false);
        }
        Ok(())
    }

    fn poll_request(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Request>> {
        let Some(screen) = &mut self.screen else { return Poll::Pending };
        let input = ready!(screen.poll(cx));
        Poll::Ready(self.handle(input))
    }

    fn settle(&mut self, patience: Patience) -> io::Result<()> {
        self.text.settle(patience)
    }

    fn close(&mut self) {
        self.closed = true;
        self.screen = None;
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
