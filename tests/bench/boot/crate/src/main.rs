// The boot sequence of the benchmark through the Rust crate microvm-runtime.
//   boot_crate VMM FOLDER KERNEL DISK   for each line on standard input: boots one microVM, prints the nanoseconds it took
use std::{
    io::BufRead,
    path::PathBuf,
    time::{Duration, Instant},
};

use microvm_runtime::{
    adapters::firecracker::{FirecrackerConfig, FirecrackerVmProvider},
    model::{VmSpec, VsockSpec},
    provider::VmProvider,
};

fn main() {
    let given: Vec<String> = std::env::args().collect();
    let folder = PathBuf::from(&given[2]);
    let provider = FirecrackerVmProvider::new(FirecrackerConfig {
        binary_path: given[1].clone().into(),
        kernel_path: given[3].clone().into(),
        rootfs_path: given[4].clone().into(),
        boot_args: "console=ttyS0 reboot=k panic=1".into(),
        socket_dir: folder.join("crate-sockets"),
        state_dir: folder.join("crate-state"),
        vcpu_count: 1,
        mem_size_mib: 128,
        rootfs_read_only: true,
        api_timeout: Duration::from_secs(10),
        socket_ready_timeout: Duration::from_secs(10),
        ..FirecrackerConfig::from_env()
    });
    for (number, _) in std::io::stdin().lock().lines().enumerate() {
        let id = format!("c{number}");
        let spec = VmSpec {
            vsock: Some(VsockSpec { cid: 3, uds_path: folder.join("v.sock") }),
            track_dirty_pages: Some(false),
            ..Default::default()
        };
        let begin = Instant::now();
        provider.create_vm_with_spec(&id, &spec).unwrap();
        provider.start_vm(&id).unwrap();
        println!("{}", begin.elapsed().as_nanos());
        provider.destroy_vm(&id).unwrap();
    }
}
