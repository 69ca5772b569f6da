//! HTTP/2, by hyper: the same answers where they are well-formed.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::sleep;

use super::http::Answer;
use super::request::Request;
use super::{Stream, Witness};

/// Answers requests until the client leaves.
pub(super) async fn serve(stream: Stream, answer: &Answer, witness: &Arc<Witness>) -> io::Result<()> {
    let service = service_fn(|request| {
        let (answer, witness) = (answer.clone(), Arc::clone(witness));
        async move { Ok::<_, Infallible>(respond(request, &answer, &witness).await) }
    });
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    server.serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

async fn respond(request: hyper::Request<Incoming>, answer: &Answer, witness: &Witness) -> Response<Full<Bytes>> {
    let request = plain(request).await;
    let answer = answer.chosen(&request, witness, false);
    if let Some(delay) = answer.delay {
        sleep(delay).await;
    }
    if answer.holds() {
        std::future::pending::<()>().await;
    }
    let mut builder = Response::builder().status(answer.status);
    for (name, wanted) in &answer.headers {
        for value in wanted.all() {
            builder = builder.header(name, value);
        }
    }
    builder.body(Full::from(answer.payload().to_vec())).unwrap_or_else(|error| {
        witness.complain(format!("the answer cannot be one of HTTP/2: {error}"));
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// As a request of HTTP/1 would have said it.
async fn plain(request: hyper::Request<Incoming>) -> Request {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let authority = head.uri.authority().map(|authority| ("host".to_owned(), authority.to_string()));
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Request {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: authority.into_iter().chain(headers).collect(),
        body: body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default(),
    }
}
