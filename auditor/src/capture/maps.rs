//! The maps of the loaded programs, by name.

use aya::{
    Ebpf,
    maps::{Map, MapData, MapError},
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
    Memory::map(data(ebpf, name)?.fd(), n_entries).map_err(CaptureError::Memory)
}

/// The handle of an array or hash map.
pub(super) fn data<'a>(ebpf: &'a Ebpf, name: &'static str) -> Result<&'a MapData, CaptureError> {
    match ebpf.map(name) {
        Some(Map::Array(data) | Map::HashMap(data)) => Ok(data),
        Some(_) => Err(CaptureError::Map(MapError::InvalidMapType { map_type: 0 })),
        None => Err(CaptureError::Absent { name }),
    }
}
