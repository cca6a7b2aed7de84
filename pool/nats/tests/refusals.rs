//! What a cluster does not do, and how it says so.

mod cluster;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use cluster::{Cluster, Marks, mark, watch};
use ipc::Queue;
use pool::{Pool, TaskError};
use pool_nats::{Agent, AgentOptions, ClusterError, ClusterOptions, ClusterPool, Tls};

proc_spawn::enable_test_support!();

const SHORT: Duration = Duration::from_millis(300);

fn double(n: u64) -> u64 {
    2 * n
}

/// An error and its sources on one line.
fn told(error: ClusterError) -> String {
    format!("{:#}", proc_spawn::Failure::from(error))
}

#[test]
fn a_server_that_is_not_there_or_does_not_know_the_token_is_an_error_that_says_so() {
    let _watchdog = watch("a refusal");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("nats://secret@{gone}");
    let error = ClusterPool::connect(&url, "", ClusterOptions::new()).expect_err("nobody is there");
    let text = told(error);
    assert!(text.contains(&gone.to_string()) && text.contains("refused"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let Some(cluster) = Cluster::start(&[]) else { return };
    let url = cluster.server.url();
    let error = Agent::serve(&url, "wrong", AgentOptions::new()).expect_err("a wrong token");
    let text = told(error);
    assert!(text.contains("authorization"), "{text}");
    assert!(!text.contains("wrong"), "{text}");
}

#[test]
fn a_cluster_without_an_agent_is_an_error_after_the_wait() {
    let _watchdog = watch("no agent");
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let options = ClusterOptions::new().wait(SHORT);
    let connect = || ClusterPool::connect(&cluster.server.url(), cluster.server.token(), options);
    let error = connect().expect_err("there is none");
    assert!(matches!(error, ClusterError::NoAgent { wanted: 1, found: 0, waited: SHORT, .. }));
    let text = told(error);
    assert!(text.contains(&ipc::entry::build()[..8]), "{text}");
    // There was one, and it has left.
    cluster.agents.push(cluster::AgentProcess::start(&cluster.server, 1));
    let options = cluster.options(Pool::builder()).wait(SHORT);
    let pool = cluster.connect(options);
    assert_eq!(pool.apply(double, 2), Ok(4));
    cluster.agents.pop().expect("one").stop();
    let tasks: Vec<_> = (0..500).map(|n| pool.submit(double, n)).collect();
    for task in tasks {
        match task.get() {
            Err(TaskError::NoWorker { waited: SHORT, why }) => assert!(why.contains("agent")),
            other => panic!("{other:?}"),
        }
    }
    // Another comes.
    cluster.agents.push(cluster::AgentProcess::start(&cluster.server, 1));
    let mut results = std::iter::repeat_with(|| pool.apply(double, 2));
    assert!(results.any(|result| result == Ok(4)), "the pool hears of it");
}

#[test]
fn a_server_that_takes_no_task_is_an_error_after_the_wait() {
    let _watchdog = watch("a full server");
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = async_nats::ConnectOptions::with_token(cluster.server.token().to_owned());
        let client = options.connect(cluster.server.url()).await.unwrap();
        let config = async_nats::jetstream::stream::Config {
            name: "TANDEM_TASKS".to_owned(),
            subjects: vec!["tandem.tasks.>".to_owned()],
            retention: async_nats::jetstream::stream::RetentionPolicy::WorkQueue,
            max_message_size: 10,
            ..Default::default()
        };
        async_nats::jetstream::new(client).create_stream(config).await.unwrap();
    });
    cluster.agents.push(cluster::AgentProcess::start(&cluster.server, 1));
    let pool = cluster.connect(cluster.options(Pool::builder()).wait(SHORT));
    match pool.apply(double, 2) {
        Err(TaskError::NoWorker { why, .. }) => assert!(why.contains("message size"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// A certificate that `openssl` makes. Whether it has.
fn certify(directory: &std::path::Path, arguments: &str) -> bool {
    let mut command = Command::new("openssl");
    command.current_dir(directory).args(arguments.split(' '));
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}

#[test]
fn a_connection_can_be_encrypted_and_the_server_has_to_prove_who_it_is() {
    let _watchdog = watch("an encrypted connection");
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let is_certified = [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=authority",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -extfile names",
    ]
    .into_iter()
    .all(|arguments| certify(directory.path(), arguments));
    if !is_certified {
        return eprintln!("skipped: openssl makes no certificates here");
    }
    let tls = format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}\n",
        path("server.pem"),
        path("server.key")
    );
    let Some(server) = cluster::Server::start_with("127.0.0.1", &tls) else { return };
    let options = || ClusterOptions::new().agents(0);
    let connect = |options| ClusterPool::connect(&server.url(), server.token(), options).map(drop);
    let trusting = Tls::required().authority(path("ca.pem"));
    connect(options().tls(trusting.clone())).expect("a server that has proven who it is");
    let text = told(connect(options().tls(Tls::required())).expect_err("nobody knows it"));
    assert!(text.contains("certificate"), "{text}");
    let agent = AgentOptions::new().pool(Pool::builder().workers(1).processes().unwrap());
    Agent::serve(&server.url(), server.token(), agent.tls(trusting)).unwrap().stop().unwrap();
}

/// Serves until its input ends, if the test below has started it.
#[test]
fn an_agent_of_another_build_serves() {
    let (Ok(url), Ok(token)) = (std::env::var("CLUSTER_URL"), std::env::var("CLUSTER_TOKEN"))
    else {
        return;
    };
    let pool = Pool::builder().workers(1).processes().unwrap();
    let agent = Agent::serve(&url, &token, AgentOptions::new().pool(pool)).unwrap();
    println!("serving {}", ipc::entry::build());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    agent.stop().unwrap();
}

#[test]
fn an_agent_of_another_build_is_given_nothing() {
    let _watchdog = watch("another build");
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    // This very program, but for its build's id.
    let (build, mut image) =
        (ipc::entry::build(), fs::read(std::env::current_exe().unwrap()).unwrap());
    let byte = |at| u8::from_str_radix(&build[at..at + 2], 16).expect("an id in hex");
    let id: Vec<u8> = (0..build.len()).step_by(2).map(byte).collect();
    let place = image.windows(id.len()).position(|window| window == id).expect("its id");
    image[place] ^= 1;
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("another");
    fs::write(&program, image).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.args(["--exact", "an_agent_of_another_build_serves", "--nocapture"]);
    command.env("CLUSTER_URL", cluster.server.url()).env("CLUSTER_TOKEN", cluster.server.token());
    let mut other = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(other.stdout.take().unwrap()));
    let served = lines.find_map(|line| Some(line.ok()?.split_once("serving ")?.1.to_owned()));
    let served = served.expect("it serves");
    assert_ne!(served, build);

    let options = ClusterOptions::new().wait(SHORT);
    let error = ClusterPool::connect(&cluster.server.url(), cluster.server.token(), options);
    assert!(matches!(error, Err(ClusterError::NoAgent { found: 0, .. })), "{error:?}");
    // Beside one of this build it is passed over.
    cluster.agents.push(cluster::AgentProcess::start(&cluster.server, 1));
    let (pool, marks) = (cluster.pool(Pool::builder()), Marks::new());
    assert_eq!(pool.map(mark, (0..50).map(|n| (marks.path(), n))).unwrap().len(), 50);
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
}

#[test]
fn a_handle_in_an_argument_or_in_a_result_is_an_encode_error() {
    let _watchdog = watch("handles");
    let Some(cluster) = Cluster::start(&[1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let queue = Queue::<u64>::bounded(1).unwrap();
    match pool.apply(|queue: Queue<u64>| queue.len(), queue) {
        Err(TaskError::Encode(error)) => assert!(error.to_string().contains("handle"), "{error}"),
        other => panic!("{other:?}"),
    }
    match pool.apply(|| Queue::<u64>::bounded(1).ok(), ()) {
        Err(TaskError::Encode(error)) => assert!(error.to_string().contains("handle"), "{error}"),
        other => panic!("{:?}", other.map(|_| ())),
    }
}
