//! The arrays of the loaded programs, by name.

use aya::{
    Ebpf,
    maps::{Map, MapError},
};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{error::CaptureError, memory::Memory};

/// The memory of an array map.
pub(super) fn memory<T>(
    ebpf: &Ebpf,
    name: &'static str,
    n_entries: usize,
) -> Result<Memory<T>, CaptureError>
where
    T: FromBytes + IntoBytes + Immutable,
{
    let map = match ebpf.map(name) {
        Some(Map::Array(map)) => map,
        Some(_) => return Err(CaptureError::Map(MapError::InvalidMapType { map_type: 0 })),
        None => return Err(CaptureError::Absent { name }),
    };
    Memory::map(map.fd(), n_entries).map_err(CaptureError::Memory)
}
