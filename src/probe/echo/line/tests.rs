use nix::errno::Errno;

use super::*;
use crate::probe::echo::{Echo, Fragments};

const PATIENT: Duration = Duration::from_secs(5);

/// Options that no other test shares a line with.
fn request(to: &str, ttl: u8) -> Request {
    let options = Options { ttl: Some(ttl), fragments: Fragments::Allowed, source: None };
    Request { to: SocketAddr::new(to.parse().unwrap(), 0), payload: packet::unique(56), options }
}

/// Nothing where pinging is not allowed, which other tests look at.
fn send(to: &str, ttl: u8) -> Option<Echo> {
    match Echo::send(&request(to, ttl)) {
        Ok(echo) => Some(echo),
        Err(Unsent::Closed(error)) if error.kind() == io::ErrorKind::PermissionDenied => None,
        Err(Unsent::Closed(error) | Unsent::Source(error) | Unsent::Refused(error)) => panic!("{error}"),
    }
}

async fn replied(echo: &mut Echo) -> IpAddr {
    match tokio::time::timeout(PATIENT, echo.hear()).await.expect("no reply").unwrap() {
        Heard::Reply { from, .. } => from,
        Heard::Complaint(complaint) => panic!("{complaint}"),
    }
}

/// A line of datagrams that anybody may send, as an unprivileged socket would show them.
async fn line() -> Arc<Line> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let party = Party { next: 7, waiting: HashMap::new(), buffer: vec![0; DATAGRAM] };
    let listener = tokio::sync::Mutex::default();
    Arc::new(Line { socket, v6: false, raw: false, id: 1, party: Mutex::new(party), listener })
}

/// One who waits for an echo of a target, and the reply that he waits for.
fn wait(line: &Arc<Line>, to: SocketAddr) -> (Echo, Vec<u8>) {
    let mut party = line.party();
    let number = party.number().unwrap();
    let packet = Packet::new(false, 1, number, &packet::unique(56));
    let mut reply = packet.bytes().to_vec();
    reply[0] = 0;
    let (tell, inbox) = oneshot::channel();
    let (clock, sent) = (SystemTime::now(), Instant::now());
    party.waiting.insert(number, Waiter { to, packet, clock, sent, tell, stray: None });
    (Echo { line: Arc::clone(line), number, sent, inbox }, reply)
}

/// What a future comes to when it is looked at once.
async fn glance<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::ZERO, future).await.ok()
}

#[test]
fn a_system_clock_that_was_set_does_not_falsify_the_time() {
    let (sent, elapsed) = (SystemTime::now(), Duration::from_millis(5));
    let kernel = Duration::from_millis(2);
    assert_eq!(travelled(sent, Some(sent + kernel), elapsed), kernel);
    assert_eq!(travelled(sent, Some(sent - kernel), elapsed), elapsed);
    assert_eq!(travelled(sent, Some(sent + PATIENT), elapsed), elapsed);
    assert_eq!(travelled(sent, None, elapsed), elapsed);
}

#[tokio::test]
async fn requests_of_a_kind_share_a_line_and_others_do_not() {
    let (Some(one), Some(other), Some(short)) = (send("127.0.0.5", 9), send("127.0.0.6", 9), send("127.0.0.5", 8))
    else {
        return;
    };
    assert!(Arc::ptr_eq(&one.line, &other.line) && one.number != other.number);
    assert!(!Arc::ptr_eq(&one.line, &short.line));
}

#[tokio::test]
async fn a_line_ends_with_the_last_who_waits() {
    let Some(echo) = send("127.0.0.5", 10) else { return };
    let line = Arc::downgrade(&echo.line);
    assert_eq!(line.strong_count(), 1);
    drop(echo);
    assert_eq!(line.strong_count(), 0);
}

#[tokio::test]
async fn every_runtime_has_its_own_lines() {
    let Some(here) = send("127.0.0.5", 11) else { return };
    let there = std::thread::spawn(|| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut echo = send("127.0.0.5", 11).unwrap();
            replied(&mut echo).await;
            Arc::as_ptr(&echo.line).addr()
        })
    });
    assert_ne!(there.join().unwrap(), Arc::as_ptr(&here.line).addr());
}

#[tokio::test]
async fn a_full_line_is_left_to_those_who_wait_on_it() {
    let Some(mut first) = send("127.0.0.5", 12) else { return };
    let line = Arc::clone(&first.line);
    let room = MOST - line.party().waiting.len();
    let crowd: Vec<_> = (0..room).map(|_| wait(&line, "127.0.0.9:0".parse().unwrap())).collect();
    let (tell, _inbox) = oneshot::channel();
    let refused = first.line.send(&request("127.0.0.5", 12), tell).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    let mut second = send("127.0.0.6", 12).unwrap();
    assert!(!Arc::ptr_eq(&first.line, &second.line));
    assert_eq!(replied(&mut second).await.to_string(), "127.0.0.6");
    assert_eq!(replied(&mut first).await.to_string(), "127.0.0.5");
    let third = send("127.0.0.7", 12).unwrap();
    assert!(Arc::ptr_eq(&second.line, &third.line), "the new line is the one that is known");
    drop(crowd);
}

#[tokio::test]
async fn who_sends_much_reads_as_much_however_small_the_buffer() {
    let Some(first) = send("127.0.0.5", 14) else { return };
    nix::sys::socket::setsockopt(&first.line.socket, nix::sys::socket::sockopt::RcvBuf, &0).unwrap();
    let mut echoes: Vec<_> =
        (1..=1000).map(|host| send(&format!("127.0.{}.{}", host / 200, 1 + host % 200), 14).unwrap()).collect();
    for echo in &mut echoes {
        assert!(Arc::ptr_eq(&echo.line, &first.line));
        replied(echo).await;
    }
}

#[tokio::test]
async fn whoever_listens_may_leave_and_another_takes_over() {
    let line = line().await;
    let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = far.local_addr().unwrap();
    let (mut first, _) = wait(&line, target);
    let (mut second, reply) = wait(&line, target);
    let mut patient = tokio::spawn(async move { replied(&mut second).await });
    {
        let mut listening = std::pin::pin!(first.hear());
        assert!(glance(&mut listening).await.is_none());
        assert!(glance(&mut patient).await.is_none(), "the second relies on the first");
    }
    far.send_to(&reply, line.socket.local_addr().unwrap()).await.unwrap();
    assert_eq!(patient.await.unwrap(), target.ip());
    assert!(glance(first.hear()).await.is_none());
}

#[tokio::test]
async fn whoever_listens_passes_on_what_is_for_others() {
    let line = line().await;
    let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = far.local_addr().unwrap();
    let (echoes, replies): (Vec<_>, Vec<_>) = (0..1000).map(|_| wait(&line, target)).unzip();
    let mut waiting = tokio::task::JoinSet::new();
    for mut echo in echoes {
        waiting.spawn(async move { replied(&mut echo).await });
    }
    for reply in replies.iter().rev() {
        far.send_to(reply, line.socket.local_addr().unwrap()).await.unwrap();
        // One reply at a time: the buffers of a datagram socket are the system's.
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting.join_all().await, vec![target.ip(); 1000]);
    assert!(line.party().waiting.is_empty());
}

#[tokio::test]
async fn neither_a_flood_nor_the_reply_to_another_ends_a_wait() {
    let line = line().await;
    let (far, elsewhere) =
        (UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.2:0").await.unwrap());
    let (target, near) = (far.local_addr().unwrap(), line.socket.local_addr().unwrap());
    let (mut echo, reply) = wait(&line, target);
    let (other, of_another) = wait(&line, "127.0.0.9:0".parse().unwrap());
    let mut foreign = reply.clone();
    foreign[7] ^= 0x80;
    for noise in [&foreign[..], &of_another, &reply[..40], &[]] {
        for _ in 0..BATCH {
            far.send_to(noise, near).await.unwrap();
            assert!(glance(echo.hear()).await.is_none());
        }
    }
    assert_eq!(other.stray(), Some(target.ip()));
    assert_eq!(echo.stray(), None);
    elsewhere.send_to(&reply, near).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), echo.hear()).await.is_err());
    assert_eq!(echo.stray(), Some("127.0.0.2".parse().unwrap()));
    far.send_to(&reply, near).await.unwrap();
    assert_eq!(replied(&mut echo).await, target.ip());
}

#[tokio::test]
async fn a_number_is_given_once_while_somebody_waits_for_it() {
    let line = line().await;
    line.party().next = u16::MAX;
    let to = "127.0.0.9:0".parse().unwrap();
    let (last, first, second) = (wait(&line, to).0, wait(&line, to).0, wait(&line, to).0);
    assert_eq!((last.number, first.number, second.number), (u16::MAX, 0, 1));
    drop(first);
    line.party().next = u16::MAX;
    assert_eq!(wait(&line, to).0.number, 0);
}

#[tokio::test]
async fn the_error_of_another_echo_does_not_keep_a_packet_back() {
    let line = line().await;
    // A port that nobody has: what is sent there leaves an error for whoever sends next.
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    nix::sys::socket::setsockopt(&line.socket, nix::sys::socket::sockopt::Ipv4RecvErr, &true).unwrap();
    line.socket.send_to(&[0], nobody).await.unwrap();
    assert_eq!(line.socket.try_send_to(&[0], nobody).unwrap_err().raw_os_error(), Some(Errno::ECONNREFUSED as i32));
    let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = far.local_addr().unwrap();
    line.socket.send_to(&[0], nobody).await.unwrap();
    let (tell, _inbox) = oneshot::channel();
    assert!(line.send(&Request { to, ..request("127.0.0.1", 13) }, tell).is_ok());
    assert_eq!(far.recv(&mut [0; 100]).await.unwrap(), packet::HEADER + 56);
}
