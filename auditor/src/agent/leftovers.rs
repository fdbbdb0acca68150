//! Takes off what an auditor left on interfaces that was killed together with its guard.

use crate::{
    capture::{Capture, Interface},
    output::{say, warn},
};

/// Removes the filters that are ours and nobody's, and says so.
pub(crate) fn take_off(capture: &mut Capture, interfaces: &[Interface]) {
    let found = match capture.leftovers(interfaces) {
        Ok(found) => found,
        Err(error) => {
            warn(&format!(
                "auditor: cannot look for what an auditor left that was killed: {error}"
            ));
            return;
        }
    };
    for leftover in found {
        match leftover.remove() {
            Ok(()) => say(&format!(
                "auditor: {leftover}, was left by an auditor that was killed with its guard, and is taken off"
            )),
            Err(error) => warn(&format!(
                "auditor: {leftover}, was left by an auditor that was killed with its guard, and can't be taken off: {error}"
            )),
        }
    }
}
