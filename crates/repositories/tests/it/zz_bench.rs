use crate::databases::{file, postgres, memory};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::repositories::UsageRepository as _;
use switchyard_testkit::contracts::repositories::sample_event;
use std::time::Instant;

fn cpu() -> u64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    f[11].parse::<u64>().unwrap() + f[12].parse::<u64>().unwrap()
}
#[tokio::test]
async fn bench() {
    let mut all = vec![("file", file().await)];
    if let Some(p) = None::<crate::databases::Opened> { all.push(("pg", p)); }
    for (name, o) in all {
        for size in [200] {
            let batches: Vec<Vec<UsageEvent>> = (0..40000/size).map(|_| (0..size).map(|n| UsageEvent{ request_id: format!("{:016x}", (n as u64).wrapping_mul(0x9E3779B97F4A7C15) ^ 77*n as u64), ..sample_event(Some(VirtualKeyId(n % 50)), Timestamp(1_795_161_600_000 + n))}).collect()).collect();
            let t = Instant::now(); let c = cpu();
            for b in &batches { o.database.record(b).await.unwrap(); }
            let n = (batches.len() as i64 * size) as f64;
            println!("{name} batch {size}: wall {:.1} us/event, cpu {:.1} us/event", t.elapsed().as_secs_f64()*1e6/n, (cpu()-c) as f64*10_000.0/n);
        }
        let t = Instant::now();
        println!("verify {:?} {:?}", o.database.verify().await.unwrap().problems.len(), t.elapsed());
    }
}
