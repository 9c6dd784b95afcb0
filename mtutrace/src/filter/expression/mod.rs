//! A filter as tcpdump and pwru take it, for what an event knows of its packet: addresses, ports, protocol.
mod ast;
mod lexer;
mod parse;

pub(crate) use ast::Expression;
pub(crate) use parse::parse;

#[cfg(test)]
mod tests;
