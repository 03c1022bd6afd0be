#![no_std]
#![no_main]
use core::panic::PanicInfo;
#[panic_handler] fn panic(_: &PanicInfo) -> ! { loop {} }
pub enum Shape { Circle { radius: u32 }, Rect(u16, u16), Empty }
#[derive(Clone, Copy)] pub enum Color { Red = 1, Green = 5 }
pub struct Point { x: i32, y: i32 }
pub struct Wrap<T> { inner: T }
#[no_mangle] pub static mut SHAPE: Shape = Shape::Rect(3, 4);
static P: Point = Point { x: -1, y: 2 };
#[inline(never)] #[no_mangle]
pub extern "C" fn stop_here(a: &str, b: &[u16]) -> usize { let n = a.len() ^ b.len(); unsafe { core::ptr::read_volatile(&n) } }
#[no_mangle] pub extern "C" fn main() -> i32 {
  let text: &str = "hello";
  let arr: [u16; 4] = [1,2,3,4];
  let slice: &[u16] = unsafe { core::slice::from_raw_parts(arr.as_ptr().add(1), 2) };
  let some: Option<&Point> = Some(&P);
  let none: Option<&Point> = None;
  let num: Option<u32> = Some(7);
  let shape = Shape::Circle { radius: 9 };
  let empty = Shape::Empty;
  let color = Color::Green;
  let t = (1u8, -2i64, 'x');
  let w = Wrap { inner: true };
  let res: Result<u8, &str> = Err("bad");
  let unit = ();
  let fp: fn(&str, &[u16]) -> usize = unsafe { core::mem::transmute(stop_here as *const ()) };
  let oc: Option<Color> = None; let ch: Option<char> = Some('é'); let nested: Option<Option<bool>> = Some(None);
  let wide: u128 = 1u128 << 100; let f = 1.5f32;
  let r = stop_here(text, slice);
  unsafe { core::ptr::read_volatile(&r); }
  let _ = (some, none, num, &shape, &empty, color, t, &w, res, unit, fp, oc, ch, nested, wide, f);
  0
}
