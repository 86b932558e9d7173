// The boot sequence of the benchmark through the Rust crate fctools.
//   boot_fctools VMM FOLDER KERNEL DISK   for each line on standard input: boots one microVM, prints the nanoseconds it took
use std::{
    io::BufRead,
    path::Path,
    time::{Duration, Instant},
};

use fctools::{
    process_spawner::DirectProcessSpawner,
    runtime::tokio::TokioRuntime,
    vm::{
        configuration::{InitMethod, VmConfiguration, VmConfigurationData},
        models::{BootSource, Drive, MachineConfiguration, VsockDevice},
        shutdown::{VmShutdownAction, VmShutdownMethod},
        Vm,
    },
    vmm::{
        arguments::{VmmApiSocket, VmmArguments},
        executor::unrestricted::UnrestrictedVmmExecutor,
        installation::VmmInstallation,
        ownership::VmmOwnershipModel,
        resource::{system::ResourceSystem, MovedResourceType, ResourceType},
    },
};

async fn boot(vmm: &str, folder: &Path, kernel: &str, disk: &str) -> Duration {
    let begin = Instant::now();
    let mut resources = ResourceSystem::new(DirectProcessSpawner, TokioRuntime, VmmOwnershipModel::Shared);
    let mut existing = |path: &str| {
        resources
            .create_resource(path, ResourceType::Moved(MovedResourceType::Renamed))
            .unwrap()
    };
    let (kernel_image, block) = (existing(kernel), existing(disk));
    let uds = resources
        .create_resource(folder.join("v.sock"), ResourceType::Produced)
        .unwrap();
    let data = VmConfigurationData {
        boot_source: BootSource {
            kernel_image,
            boot_args: Some("console=ttyS0 reboot=k panic=1".into()),
            initrd: None,
        },
        drives: vec![Drive {
            drive_id: "rootfs".into(),
            is_root_device: true,
            cache_type: None,
            partuuid: None,
            is_read_only: Some(true),
            block: Some(block),
            rate_limiter: None,
            io_engine: None,
            socket: None,
        }],
        pmem_devices: vec![],
        machine_configuration: MachineConfiguration {
            vcpu_count: 1,
            mem_size_mib: 128,
            smt: None,
            track_dirty_pages: None,
            huge_pages: None,
        },
        cpu_template: None,
        network_interfaces: vec![],
        balloon_device: None,
        vsock_device: Some(VsockDevice { guest_cid: 3, uds }),
        logger_system: None,
        metrics_system: None,
        memory_hotplug_configuration: None,
        mmds_configuration: None,
        entropy_device: None,
    };
    let executor = UnrestrictedVmmExecutor::new(VmmArguments::new(VmmApiSocket::Enabled(folder.join("fc.sock"))));
    let installation = VmmInstallation::new(vmm, vmm, vmm);
    let configuration = VmConfiguration::New {
        init_method: InitMethod::ViaApiCalls,
        data,
    };
    let mut vm = Vm::prepare(executor, resources, installation, configuration)
        .await
        .unwrap();
    vm.start(Duration::from_secs(10)).await.unwrap();
    let time = begin.elapsed();
    let kill = VmShutdownAction {
        method: VmShutdownMethod::Kill,
        timeout: None,
        graceful: false,
    };
    let _ = vm.shutdown([kill]).await; // may find it dead already, and call that an error
    let _ = vm.cleanup().await;
    time
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let given: Vec<String> = std::env::args().collect();
    for _ in std::io::stdin().lock().lines() {
        println!(
            "{}",
            boot(&given[1], Path::new(&given[2]), &given[3], &given[4])
                .await
                .as_nanos()
        );
    }
}
