//! The arrays of the loaded programs, by name.

use aya::{
    Ebpf,
    maps::{Map, MapError, MapFd},
};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{error::CaptureError, memory::Memory, pieces::Pieces};

/// The memory of an array map.
pub(super) fn memory<T>(
    ebpf: &Ebpf,
    name: &'static str,
    n_entries: usize,
) -> Result<Memory<T>, CaptureError>
where
    T: FromBytes + IntoBytes + Immutable,
{
    Memory::map(array(ebpf, name)?, n_entries).map_err(CaptureError::Memory)
}

/// The memory of an array map that is looked at now and then, piece by piece.
pub(super) fn pieces<T>(
    ebpf: &Ebpf,
    name: &'static str,
    n_entries: usize,
) -> Result<Pieces<T>, CaptureError>
where
    T: FromBytes + IntoBytes + Immutable,
{
    Pieces::new(array(ebpf, name)?, n_entries).map_err(CaptureError::Memory)
}

fn array<'a>(ebpf: &'a Ebpf, name: &'static str) -> Result<&'a MapFd, CaptureError> {
    match ebpf.map(name) {
        Some(Map::Array(map)) => Ok(map.fd()),
        Some(_) => Err(CaptureError::Map(MapError::InvalidMapType { map_type: 0 })),
        None => Err(CaptureError::Absent { name }),
    }
}
