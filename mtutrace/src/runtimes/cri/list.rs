//! A message that is a list, read item by item: each is cut to what is kept before the next is read.
use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::{Message, decode_length_delimiter};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::runtimes::metadata::MOST_CONTAINERS;

/// Most bytes of one item. Kubernetes allows 256 kB of annotations.
const LONGEST: usize = 1 << 19;
/// Field 1, with a length (the wire format of protocol buffers).
const ITEM: usize = 1 << 3 | 2;

/// One container or sandbox.
pub(super) trait Item: Message + Default + 'static {
    /// Drops what is not kept.
    fn cut(&mut self);
}

/// Sends nothing, and reads a list that is the first field of a message.
pub(super) struct ListCodec<T>(PhantomData<T>);

impl<T> Default for ListCodec<T> {
    fn default() -> ListCodec<T> {
        ListCodec(PhantomData)
    }
}

impl<T: Item> Codec for ListCodec<T> {
    type Encode = ();
    type Decode = Vec<T>;
    type Encoder = Nothing;
    type Decoder = ListCodec<T>;

    fn encoder(&mut self) -> Nothing {
        Nothing
    }

    fn decoder(&mut self) -> ListCodec<T> {
        ListCodec::default()
    }
}

/// A message without any field.
pub(super) struct Nothing;

impl Encoder for Nothing {
    type Item = ();
    type Error = Status;

    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl<T: Item> Decoder for ListCodec<T> {
    type Item = Vec<T>;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Vec<T>>, Status> {
        let length = source.remaining();
        items(source.copy_to_bytes(length)).map(Some)
    }
}

/// The items of such a message.
pub(super) fn items<T: Item>(mut message: Bytes) -> Result<Vec<T>, Status> {
    let number = |message: &mut Bytes| decode_length_delimiter(message).map_err(|e| bad(&e.to_string()));
    let mut items = Vec::new();
    while !message.is_empty() {
        let key = number(&mut message)?;
        let length = match key & 7 {
            0 => {
                number(&mut message)?;
                continue;
            }
            1 => 8,
            2 => number(&mut message)?,
            5 => 4,
            _ => return Err(bad("a field of no known kind")),
        };
        if length > message.len() {
            return Err(bad("it is cut"));
        }
        let field = message.split_to(length);
        if key != ITEM {
            continue;
        }
        if items.len() >= MOST_CONTAINERS {
            return Err(bad(&format!("more than {MOST_CONTAINERS} containers")));
        }
        if length > LONGEST {
            return Err(bad(&format!("a container of {length} bytes")));
        }
        let mut item = T::decode(field).map_err(|e| bad(&e.to_string()))?;
        item.cut();
        items.push(item);
    }
    Ok(items)
}

fn bad(why: &str) -> Status {
    Status::data_loss(format!("its answer cannot be used: {why}"))
}
