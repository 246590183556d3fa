//! Stacks that stand alone: what they keep, what they let through, and who may change them.

use std::collections::BTreeSet;
use std::fs;

use harness::repository;
use local::intrinsics::Scope;
use serde_json::{Map, Value, json};

use super::texts;

/// A stack of `infra/` that no other one nests.
fn stack(file: &str) -> Scope {
    let path = repository().join("infra").join(file);
    Scope::load(&path, &Map::new()).unwrap_or_else(|error| panic!("{error}"))
}

fn properties(scope: &Scope, id: &str) -> Value {
    scope.section("Resources")[id]["Properties"].clone()
}

#[test]
fn the_edge_passes_everything_on_keeps_nothing_and_proves_itself() {
    let edge = stack("edge.yaml");
    let config = properties(&edge, "Edge")["DistributionConfig"].clone();
    // An access log, a sample of a request and a cached answer would each be a copy.
    assert!(config["Logging"].is_null());
    let cache = properties(&edge, "NothingIsKept")["CachePolicyConfig"].clone();
    assert!(cache["DefaultTTL"] == 0 && cache["MaxTTL"].as_u64() <= Some(1));
    let firewall = properties(&edge, "Firewall");
    let rules = firewall["Rules"].as_array().expect("rules");
    assert!(rules.len() >= 4);
    for rule in rules.iter().chain([&firewall]) {
        let sampled = &rule["VisibilityConfig"]["SampledRequestsEnabled"];
        assert_eq!(*sampled, false, "{}", rule["Name"]);
    }
    let limited = |rule: &Value| !rule["Statement"]["RateBasedStatement"].is_null();
    assert!(rules.iter().any(limited), "nobody is turned away");

    // What a function reads of where somebody is comes with the secret, over TLS.
    let forwarded =
        texts(&cache["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]["Headers"]);
    for header in [
        "Authorization",
        "CloudFront-Viewer-Address",
        "CloudFront-Viewer-Country",
    ] {
        assert!(forwarded.iter().any(|one| one == header), "{header}");
    }
    let origin = &config["Origins"][0];
    assert_eq!(
        origin["CustomOriginConfig"]["OriginProtocolPolicy"],
        "https-only"
    );
    assert_eq!(
        origin["CustomOriginConfig"]["OriginSSLProtocols"],
        json!(["TLSv1.2"])
    );
    let proof = &origin["OriginCustomHeaders"][0];
    assert_eq!(proof["HeaderName"], "x-origin-secret");
    assert_eq!(proof["HeaderValue"]["Ref"], "OriginSecret");
    assert_eq!(edge.section("Parameters")["OriginSecret"]["NoEcho"], true);
    let code = fs::read_to_string(repository().join("shared/src/http/limit.rs"));
    let code = code
        .expect("the code that believes the edge")
        .to_lowercase();
    for header in ["x-origin-secret", "cloudfront-viewer-address"] {
        assert!(code.contains(header), "nobody reads {header}");
    }

    let least = &config["ViewerCertificate"]["MinimumProtocolVersion"];
    assert_eq!(*least, "TLSv1.2_2021");
    let behaviour = &config["DefaultCacheBehavior"];
    assert_eq!(behaviour["ViewerProtocolPolicy"], "https-only");
    assert!(config["CacheBehaviors"].is_null(), "a path of its own");
    let methods: BTreeSet<String> = texts(&behaviour["AllowedMethods"]).into_iter().collect();
    for route in &harness::template().routes {
        let method = route.method.as_str();
        assert!(
            matches!(method, "" | "ANY") || methods.contains(method),
            "{method} does not come through"
        );
    }
    let security = properties(&edge, "Answers")["ResponseHeadersPolicyConfig"].clone();
    let hsts = &security["SecurityHeadersConfig"]["StrictTransportSecurity"];
    assert!(hsts["AccessControlMaxAgeSec"].as_u64() >= Some(31_536_000));
}

/// What a deployment may do: everything that can be undone.
#[test]
fn a_pipeline_has_no_key_and_cannot_destroy_what_cannot_be_brought_back() {
    let pipeline = stack("pipeline.yaml");
    for kind in ["AWS::IAM::User", "AWS::IAM::AccessKey"] {
        assert_eq!(pipeline.resources_of_type(kind).count(), 0, "{kind}");
    }
    let deploy = properties(&pipeline, "Deploy");
    let trust = &deploy["AssumeRolePolicyDocument"]["Statement"][0];
    let asked = &trust["Condition"]["StringEquals"];
    let who = &asked["token.actions.githubusercontent.com:sub"]["Fn::Sub"];
    assert_eq!(*who, "repo:${Repository}:environment:${Environment}");
    assert_eq!(
        asked["token.actions.githubusercontent.com:aud"],
        "sts.amazonaws.com"
    );
    assert!(trust["Condition"]["StringLike"].is_null(), "a wildcard");
    // It changes one stack, and hands one role to CloudFormation.
    let statements = deploy["Policies"][0]["PolicyDocument"]["Statement"].clone();
    for statement in statements.as_array().expect("statements") {
        assert!(
            texts(&statement["Action"])
                .iter()
                .all(|action| !action.contains('*')),
            "{statement}"
        );
        assert_ne!(statement["Resource"], "*");
    }
    let execution = properties(&pipeline, "Execution");
    let statements = execution["Policies"][0]["PolicyDocument"]["Statement"].clone();
    let denied: Vec<&Value> = statements
        .as_array()
        .into_iter()
        .flatten()
        .filter(|statement| statement["Effect"] == "Deny")
        .collect();
    let never: BTreeSet<String> = denied
        .iter()
        .filter(|statement| statement["Resource"] == "*")
        .flat_map(|statement| texts(&statement["Action"]))
        .collect();
    for action in [
        "backup:DeleteBackupVault",
        "backup:DeleteRecoveryPoint",
        "dynamodb:DeleteTable",
        "kms:DisableKey",
        "kms:ScheduleKeyDeletion",
        "s3:DeleteBucket",
    ] {
        assert!(never.contains(action), "{action}");
    }
    let elsewhere = denied.iter().find(|statement| {
        statement["Condition"]["StringNotEquals"]["aws:RequestedRegion"]["Ref"] == "AllowedRegions"
    });
    assert!(elsewhere.is_some(), "other regions are not denied");
    // Nothing else than a role of the stack is passed on, and nobody becomes a user.
    let allowed = statements.as_array().into_iter().flatten();
    let allowed = allowed.filter(|statement| statement["Effect"] == "Allow");
    let iam: Vec<Value> = allowed
        .filter(|statement| {
            texts(&statement["Action"])
                .iter()
                .any(|one| one.starts_with("iam:"))
        })
        .cloned()
        .collect();
    for statement in &iam {
        let resource = statement["Resource"]["Fn::Sub"]
            .as_str()
            .unwrap_or_default();
        assert!(resource.ends_with(":role/${StackName}-*"), "{statement}");
    }
}

#[test]
fn a_deployment_elsewhere_than_where_somebody_chose_ends_before_it_begins() {
    let root = super::scope();
    let rule = &root.section("Rules")["OnlyAllowedRegions"]["Assertions"][0]["Assert"]["Fn::Or"];
    assert_eq!(
        rule[1]["Fn::Contains"],
        json!([{ "Ref": "AllowedRegions" }, { "Ref": "AWS::Region" }])
    );
}

/// Mail is signed under the domain's own name, returned mail comes to a name below it, and nothing of
/// it is forwarded.
#[test]
fn the_domain_of_mail_is_signed_and_aligned() {
    let mail = stack("mail.yaml");
    let identity = properties(&mail, "Identity");
    assert_eq!(identity["DkimAttributes"]["SigningEnabled"], true);
    assert_eq!(
        identity["DkimSigningAttributes"]["NextSigningKeyLength"],
        "RSA_2048_BIT"
    );
    assert_eq!(
        identity["FeedbackAttributes"]["EmailForwardingEnabled"],
        false
    );
    let outputs = mail.section("Outputs").as_object().expect("outputs");
    let records = properties(&mail, "Records")["RecordSets"].clone();
    let records = records.as_array().expect("records");
    // Whoever keeps DNS elsewhere is told of every record that is made here.
    assert_eq!(outputs.len(), records.len());
    assert!(
        records
            .iter()
            .any(|one| one.to_string().contains("v=DMARC1"))
    );
    assert!(records.iter().any(|one| one.to_string().contains("v=spf1")));
}
