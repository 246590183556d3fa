//! S3's wire, over [`Objects`].

use std::time::{Duration, SystemTime};

use axum::error_handling::HandleError;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Router, body::Body as AxumBody};
use data_encoding::BASE64;
use http_body_util::BodyExt;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    BucketVersioningStatus, DeleteMarkerEntry, DeleteObjectInput, DeleteObjectOutput, ETag,
    GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ObjectVersion, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, HttpError, S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::{Absent, Head, Objects, Only};

/// The secret that every caller on this machine has; signatures are checked against it.
const SECRET: &str = "embedded";
/// Most entries of one page, as on S3.
const PAGE: usize = 1000;

pub(super) fn router(objects: Objects, access_key: &str) -> Router {
    let mut builder = S3ServiceBuilder::new(objects);
    builder.set_auth(SimpleAuth::from_single(access_key, SECRET));
    Router::new()
        .fallback_service(HandleError::new(builder.build(), refused))
        .layer(middleware::from_fn(for_pages))
}

/// What the template lets any page do: send a file to a link, and fetch one from a link. Only whoever
/// has a signed link can do either.
async fn for_pages(request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS;
    let mut answer = match asks {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    if asks {
        let methods = HeaderValue::from_static("GET, PUT");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        let allowed = "content-type, if-none-match, x-amz-checksum-sha256";
        let allowed = HeaderValue::from_static(allowed);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    answer
}

async fn refused(_: HttpError) -> Response<AxumBody> {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

impl From<Absent> for S3Error {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Bucket => s3_error!(NoSuchBucket),
            Absent::Key => s3_error!(NoSuchKey),
            Absent::Version => s3_error!(NoSuchVersion),
            Absent::Io(error) => s3_error!(error, InternalError),
        }
    }
}

fn etag(head: &Head) -> ETag {
    // Not an MD5, as for every object under KMS on S3.
    let bytes = BASE64.decode(head.sha256.as_bytes()).unwrap_or_default();
    ETag::Strong(data_encoding::HEXLOWER.encode(bytes.get(..16).unwrap_or_default()))
}

fn time(head: &Head) -> Timestamp {
    let since = Duration::from_millis(u64::try_from(head.at_ms).unwrap_or_default());
    Timestamp::from(SystemTime::UNIX_EPOCH + since)
}

fn size(head: &Head) -> Option<i64> {
    i64::try_from(head.size).ok()
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let bytes = match input.body {
            None => bytes::Bytes::new(),
            Some(body) => {
                let body = Body::from(body).collect().await;
                let body = body.map_err(|_| s3_error!(IncompleteBody))?;
                body.to_bytes()
            }
        };
        // Before anything is kept: a bad body must not replace a good object.
        if let Some(claimed) = &input.checksum_sha256 {
            use aws_lc_rs::digest::{SHA256, digest};
            if *claimed != BASE64.encode(digest(&SHA256, &bytes).as_ref()) {
                return Err(s3_error!(BadDigest));
            }
        }
        let only = match &input.if_none_match {
            None => Only::Any,
            Some(condition) if condition.is_any() => Only::New,
            Some(_) => return Err(s3_error!(NotImplemented, "If-None-Match takes * only")),
        };
        let put = self.put(&input.bucket, &input.key, input.content_type, bytes, only)?;
        let head = put.ok_or_else(|| s3_error!(PreconditionFailed))?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(etag(&head)),
            checksum_sha256: Some(head.sha256.clone()),
            version_id: Some(head.id),
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let (head, bytes) = self.get(&input.bucket, &input.key, input.version_id.as_deref())?;
        if head.is_marker {
            return Err(s3_error!(MethodNotAllowed));
        }
        if input.range.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "ranges are not part of this service"
            ));
        }
        Ok(S3Response::new(GetObjectOutput {
            body: Some(StreamingBlob::from(Body::from(bytes))),
            content_length: size(&head),
            content_type: head.content_type.clone(),
            e_tag: Some(etag(&head)),
            last_modified: Some(time(&head)),
            checksum_sha256: Some(head.sha256.clone()),
            version_id: Some(head.id),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let (head, _) = self.get(&input.bucket, &input.key, input.version_id.as_deref())?;
        if head.is_marker {
            return Err(s3_error!(MethodNotAllowed));
        }
        Ok(S3Response::new(HeadObjectOutput {
            content_length: size(&head),
            content_type: head.content_type.clone(),
            e_tag: Some(etag(&head)),
            last_modified: Some(time(&head)),
            version_id: Some(head.id),
            ..HeadObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        let marker = self.delete(&input.bucket, &input.key, input.version_id.as_deref())?;
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: marker.as_ref().map(|_| true),
            version_id: marker.map(|head| head.id).or(input.version_id),
            ..DeleteObjectOutput::default()
        }))
    }

    async fn get_bucket_versioning(
        &self,
        _: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let enabled = BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED);
        Ok(S3Response::new(GetBucketVersioningOutput {
            status: Some(enabled),
            ..GetBucketVersioningOutput::default()
        }))
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        if input.delimiter.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "delimiters are not part of this service"
            ));
        }
        let prefix = input.prefix.clone().unwrap_or_default();
        let all = self.list(&input.bucket, &prefix)?;
        let begin = match (&input.key_marker, &input.version_id_marker) {
            (None, _) => 0,
            (Some(key), None) => all.partition_point(|(head, _)| head.key <= *key),
            (Some(key), Some(version)) => {
                let at = all
                    .iter()
                    .position(|(head, _)| head.key == *key && head.id == *version);
                // The marker itself may have been deleted since: then its whole key is told again.
                at.map_or_else(
                    || all.partition_point(|(head, _)| head.key < *key),
                    |at| at + 1,
                )
            }
        };
        let asked = input.max_keys.and_then(|keys| usize::try_from(keys).ok());
        let limit = asked.unwrap_or(PAGE).clamp(1, PAGE);
        let page: Vec<_> = all.iter().skip(begin).take(limit).collect();
        let is_truncated = begin + page.len() < all.len();
        let last = page.last().filter(|_| is_truncated);
        let (mut versions, mut markers) = (Vec::new(), Vec::new());
        for (head, is_latest) in &page {
            if head.is_marker {
                markers.push(DeleteMarkerEntry {
                    is_latest: Some(*is_latest),
                    key: Some(head.key.clone()),
                    last_modified: Some(time(head)),
                    version_id: Some(head.id.clone()),
                    ..DeleteMarkerEntry::default()
                });
            } else {
                versions.push(ObjectVersion {
                    e_tag: Some(etag(head)),
                    is_latest: Some(*is_latest),
                    key: Some(head.key.clone()),
                    last_modified: Some(time(head)),
                    size: size(head),
                    version_id: Some(head.id.clone()),
                    ..ObjectVersion::default()
                });
            }
        }
        Ok(S3Response::new(ListObjectVersionsOutput {
            delete_markers: Some(markers),
            is_truncated: Some(is_truncated),
            key_marker: input.key_marker,
            max_keys: i32::try_from(limit).ok(),
            name: Some(input.bucket),
            next_key_marker: last.map(|(head, _)| head.key.clone()),
            next_version_id_marker: last.map(|(head, _)| head.id.clone()),
            prefix: input.prefix,
            version_id_marker: input.version_id_marker,
            versions: Some(versions),
            ..ListObjectVersionsOutput::default()
        }))
    }
}
