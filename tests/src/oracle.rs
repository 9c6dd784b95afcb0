//! What the classifiers must say about a packet, by other hands: packets that are drawn at random, and etherparse's reading of
//! the same bytes.

mod address;
pub mod draw;
pub mod expect;
mod ip;
mod mutate;
pub mod record;
mod transport;
