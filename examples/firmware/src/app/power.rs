//! Names of power states, in Rust: takes the place of power.c where RUST=1.
#![no_std]
#![allow(dead_code)] // some of this is there to be shown by a debugger

use core::arch::asm;
use core::num::NonZeroU16;

/// Where power comes from: an enum with data.
pub enum Supply {
    Battery { millivolts: u16, cells: &'static [u16] },
    Usb(&'static str),
    Nothing,
}

#[derive(Clone, Copy)]
pub enum Regulator {
    Linear = 1,
    Switching = 4,
}

pub struct Rail {
    name: &'static str,
    supply: Supply,
    backup: Option<&'static Supply>,
    limit: Option<NonZeroU16>,
    regulator: Regulator,
}

#[derive(Clone, Copy)]
pub enum Refusal {
    TooLow(i16),
    Unknown,
}

static CELLS: [u16; 3] = [3_701, 3_698, 3_702];
static BACKUP: Supply = Supply::Usb("front");
static NONE: Supply = Supply::Nothing;
static RAILS: [Rail; 2] = [
    Rail {
        name: "core",
        supply: Supply::Battery { millivolts: 3_700, cells: &CELLS },
        backup: Some(&BACKUP),
        limit: NonZeroU16::new(850),
        regulator: Regulator::Switching,
    },
    Rail { name: "radio", supply: Supply::Nothing, backup: None, limit: None, regulator: Regulator::Linear },
];

/// No such state can be: stop rather than go on with a name that means nothing.
#[inline(never)]
fn refuse(rail: &Rail, others: &[Rail], state: u32, note: Option<&str>) -> Refusal {
    let level: Result<u16, Refusal> = match rail.supply {
        Supply::Battery { millivolts, .. } if state == 7 => Err(Refusal::TooLow(millivolts as i16 - 4_000)),
        Supply::Battery { millivolts, .. } => Ok(millivolts),
        _ => Err(Refusal::Unknown),
    };
    let limits: [Option<NonZeroU16>; 2] = [rail.limit, others.first().and_then(|other| other.limit)];
    let pair = (-2_i64, 'µ', true);
    let nested: Option<Option<u8>> = Some(None);
    let spare = rail.backup.unwrap_or(&NONE);
    // SAFETY: it does not return.
    unsafe { asm!("ud2", in("rax") &level, in("rcx") &limits, in("rdx") &pair, in("rsi") &nested, in("r8") spare, in("r9") &note) };
    match level {
        Err(refusal) => refusal,
        Ok(_) => Refusal::Unknown,
    }
}

/// The name of a state, which ends in NUL.
#[no_mangle]
pub extern "C" fn power_state_name(state: u32) -> *const u8 {
    let name: &[u8] = match state {
        0 => b"off\0",
        1 => b"idle\0",
        2 => b"active\0",
        _ => {
            let [rail, others @ ..] = &RAILS;
            match refuse(rail, others, state, Some("brown-out")) {
                Refusal::TooLow(_) => b"low\0",
                Refusal::Unknown => b"unknown\0",
            }
        }
    };
    name.as_ptr()
}
