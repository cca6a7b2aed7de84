//! Windows: what the kernel tells, and the registry.
#![expect(unsafe_code, reason = "asks the system, which std does not")]

use std::hint::spin_loop;
use std::ptr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{FILETIME, HANDLE};
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{
    GlobalMemoryStatusEx, MEMORYSTATUSEX, OSVERSIONINFOW,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, GetProcessTimes, GetThreadTimes,
};
use windows_sys::Win32::System::WindowsProgramming::QueryThreadCycleTime;
use windows_sys::core::w;

#[link(name = "ntdll")]
unsafe extern "system" {
    fn RtlGetVersion(version: *mut OSVERSIONINFOW) -> i32;
}

pub(crate) fn system() -> String {
    let mut version = OSVERSIONINFOW::default();
    version.dwOSVersionInfoSize = size_of_val(&version) as u32;
    // SAFETY: a local of the size that it says. Unlike its neighbours it tells the truth to a program without a manifest.
    if unsafe { RtlGetVersion(&raw mut version) } != 0 {
        return "Windows".to_owned();
    }
    let OSVERSIONINFOW { dwMajorVersion, dwMinorVersion, dwBuildNumber, .. } = version;
    format!("Windows {dwMajorVersion}.{dwMinorVersion}.{dwBuildNumber}")
}

pub(crate) fn processor() -> Option<String> {
    let key = w!("HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0");
    let mut text = [0_u16; 128];
    let mut size = size_of_val(&text) as u32;
    // SAFETY: texts that end with zero, and room for as many bytes as it is told.
    let error = unsafe {
        let (name, text_at) = (w!("ProcessorNameString"), text.as_mut_ptr().cast());
        let (kind, none) = (RRF_RT_REG_SZ, ptr::null_mut());
        RegGetValueW(HKEY_LOCAL_MACHINE, key, name, kind, none, text_at, &raw mut size)
    };
    if error != 0 {
        return None;
    }
    let text = text.split(|letter| *letter == 0).next()?;
    Some(String::from_utf16_lossy(text).trim().to_owned())
}

pub(crate) fn memory() -> Option<u64> {
    let mut status = MEMORYSTATUSEX::default();
    status.dwLength = size_of_val(&status) as u32;
    // SAFETY: a local of the size that it says.
    (unsafe { GlobalMemoryStatusEx(&raw mut status) } != 0).then_some(status.ullTotalPhys)
}

/// The system keeps none.
pub(crate) fn load() -> Option<f64> {
    None
}

pub(crate) fn processor_time() -> Duration {
    // SAFETY: this process, which needs no closing.
    times(GetProcessTimes, unsafe { GetCurrentProcess() })
}

/// By the cycles of this thread, for times are counted from one tick of the system's clock to the next, 16 ms. Where there
/// is no count of cycles, as in wine, by these.
pub(crate) fn thread_time() -> Duration {
    static CYCLES_IN_A_SECOND: OnceLock<f64> = OnceLock::new();
    match cycles() {
        Some(cycles) => {
            Duration::from_secs_f64(cycles as f64 / CYCLES_IN_A_SECOND.get_or_init(frequency))
        }
        // SAFETY: this thread, which needs no closing.
        None => times(GetThreadTimes, unsafe { GetCurrentThread() }),
    }
}

/// How many cycles the processor has worked for this thread.
fn cycles() -> Option<u64> {
    let mut cycles = 0;
    // SAFETY: this thread, and a local to write to.
    let told = unsafe { QueryThreadCycleTime(GetCurrentThread(), &raw mut cycles) };
    (told != 0).then_some(cycles)
}

/// How many cycles there are in a second: the most in any of these milliseconds, as the thread may lose its processor in others.
fn frequency() -> f64 {
    let most = (0..20).map(|_| {
        let (start, before) = (Instant::now(), cycles().unwrap_or_default());
        while start.elapsed() < Duration::from_millis(1) {
            spin_loop();
        }
        let after = cycles().unwrap_or_default();
        (after - before) as f64 / start.elapsed().as_secs_f64()
    });
    most.fold(1.0, f64::max)
}

type Times = unsafe extern "system" fn(
    HANDLE,
    *mut FILETIME,
    *mut FILETIME,
    *mut FILETIME,
    *mut FILETIME,
) -> i32;

/// The sum of what a process or thread has worked for itself and in the system.
fn times(of: Times, whom: HANDLE) -> Duration {
    let mut times = [FILETIME::default(); 4];
    let [created, exited, kernel, user] = times.each_mut().map(ptr::from_mut);
    // SAFETY: what it takes a handle of, and locals to write to.
    unsafe { of(whom, created, exited, kernel, user) };
    let hundreds =
        |time: &FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos(100 * (hundreds(&times[2]) + hundreds(&times[3])))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{processor, processor_time, system, thread_time};

    #[test]
    fn the_system_has_a_version_and_the_processor_a_name() {
        assert!(
            system().starts_with("Windows ") && system().contains(char::is_numeric),
            "{}",
            system()
        );
        assert!(processor().is_some_and(|name| !name.is_empty()));
    }

    #[test]
    fn a_thread_that_computes_has_had_no_more_time_than_there_was() {
        let (start, before) = (Instant::now(), thread_time());
        while thread_time() < before + Duration::from_millis(50) {}
        assert!(start.elapsed() >= Duration::from_millis(30), "{:?}", start.elapsed());
        assert!(processor_time() > Duration::ZERO);
    }
}
