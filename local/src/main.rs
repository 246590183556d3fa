//! The program `sotto`: the whole stack on this machine.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use local::bench::Bench;
use local::flows::{self, Flow, Outcome};
use local::functions::aws_environment;
use local::openapi::document;
use local::policy;
use local::receipts::{self, Verdict};
use local::seed::{Demo, random_uuid};
use local::stack::{Events, Stack, StackOptions, Storage};
use local::stripe::{SECRET_KEY, WEBHOOK_SECRET};
use local::template::Template;
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::WorkspaceId;
use shared::domain::billing::plan::Plans;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

mod operate;

use operate::{Announce, Backfill, Doctor, Redrive, Restore, RotateKeys};

/// Customer conversations: the whole API on this machine, without an AWS account.
///
/// Without a command it serves. The first start makes a demo workspace and prints lines to paste.
#[derive(Parser)]
#[command(name = "sotto", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the API with everything it needs. The default.
    Serve(Serve),
    /// Prints the OpenAPI document of the API.
    Openapi,
    /// Makes the keys of a deployment, and says what the first day still needs. Safe to run again.
    ///
    /// Once, after the first `sam deploy`: makes the keys that sign tokens and receipts and pepper passwords,
    /// and leaves those alone that are there. Then looks at what takes AWS a day or somebody's DNS: SES's sandbox,
    /// the sender (DKIM, SPF, DMARC), Lambda's concurrency, and who operates the deployment. Reads the
    /// variables that the template sets for every function, and AWS credentials.
    Init,
    /// Says whether this machine, or a deployment, is in order. Changes nothing.
    ///
    /// With the variables that the template sets for every function, and AWS credentials, it looks at that
    /// deployment: tables, TTL, backups, bucket, keys, ledger, sender, SES, mail that comes in and Lambda's
    /// concurrency. Without them it looks at this machine. In a checkout it says when the last weekly look at
    /// security was. Ends with 1 when something is bad.
    Doctor(Doctor),
    /// Lets what was given up while something was down go out again.
    ///
    /// Deliveries to services of customers that were tried to the end wait again and go out with the next
    /// minute, under the ids that they had. Endpoints that a team put aside are left alone. What is to be done at
    /// Stripe and is not tried by itself any more is tried again, and said, where all workspaces are asked for.
    /// Reads the whole table. Reads the variables that the template sets, and AWS credentials. Safe to run again.
    Redrive(Redrive),
    /// Writes rows of an earlier release again, in the shape of this one.
    ///
    /// Nothing needs it: a read gives each row its new shape. When it says that none is left, the code that does so can
    /// go with a later release. Reads both tables whole; writes a row only if it is as it was read, so it runs beside
    /// functions of this release and of the one before, may be cut off, and is safe to run again. docs/operations.md
    /// says when. Reads the variables that the template sets, and AWS credentials.
    Backfill(Backfill),
    /// Makes another key that signs access tokens. Nobody is signed out.
    ///
    /// Tokens of the three newest keys are good. A day later, with --retire, only those of the newest are;
    /// docs/operations.md has the whole of it. Reads the variables that the template sets, and AWS
    /// credentials.
    RotateKeys(RotateKeys),
    /// Measures this machine beside a floor of the same run.
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Checks the receipt of an erasure, without asking anybody.
    ///
    /// The receipt is a file of the ledger, or what the API shows of an erasure. Ends with 0 when it
    /// holds, with 1 when it does not, and with 2 when it could not be checked.
    VerifyReceipt {
        /// The receipt: JSON.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The public keys, as a deployment serves them at /.well-known/erasure-keys.json.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// A copy of the ledger: the files of the bucket's folder `ledger`, all of them. The receipt
        /// must stand in it, and each entry must follow the one before it.
        #[arg(long, value_name = "DIR")]
        ledger: Option<PathBuf>,
    },
    /// Writes one text to many accounts: offers, news of the service, or a change of the policy.
    ///
    /// Counts first whom it would reach, shows the number and asks. For the operator of a deployment,
    /// signed in with both factors within the last ten minutes.
    Announce(Announce),
    /// Takes the contacts and conversations of an archive over into a workspace.
    ///
    /// The archive is what an export of a workspace, or of one of its contacts, wrote: its manifest and
    /// its parts in one folder, as they were downloaded. What is there already stays as it is, so it is
    /// safe to run again. Reads the variables that the template sets, and AWS credentials.
    Import {
        /// The folder with the archive, or with what Chatwoot gave away: see docs/import.md.
        #[arg(value_name = "DIR")]
        archive: PathBuf,
        /// What lies in the folder comes from Chatwoot: the number of the account there.
        #[arg(long, value_name = "ACCOUNT")]
        chatwoot: Option<u64>,
        /// The workspace to take it over into.
        #[arg(long, value_name = "ID")]
        workspace: WorkspaceId,
    },
    /// Makes tables that were restored from a backup fit to be served from.
    ///
    /// A backup brings back people who were erased since, retentions that were shortened, sessions that
    /// were ended. This checks the ledger of erasures, erases them again, and says whether anything is
    /// left; only then may the tables be served. Safe to run again. docs/restore.md has the whole drill.
    /// Reads the variables that the template sets for every function, and AWS credentials.
    Restore(Restore),
    /// The privacy policy, written from the code.
    Policy {
        #[command(subcommand)]
        what: Policy,
    },
    /// Flows in files: checked, tried out and brought over from elsewhere, without a server.
    Flow {
        #[command(subcommand)]
        what: Flow,
    },
}

#[derive(Subcommand)]
enum Policy {
    /// Writes docs/privacy. What says something new is dated today.
    Render {
        /// Writes nothing, and fails when the files say something else than the code.
        #[arg(long)]
        check: bool,
        /// The template; by default the nearest template.yaml, here or above.
        #[arg(long, value_name = "FILE", hide_short_help = true)]
        template: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Serve {
    /// Keeps nothing: all data ends with the program.
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// The folder that keeps the data. Whoever can read it can read the conversations.
    #[arg(long, value_name = "DIR", default_value = ".sotto")]
    data: PathBuf,
    /// The port of the API; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 8787)]
    port: u16,
    /// Prints one line of JSON with addresses, demo ids and tokens once everything is ready.
    #[arg(long)]
    json: bool,
    /// Starts the embedded AWS services alone, and prints the variables that lead to them.
    #[arg(long)]
    only_services: bool,
    /// Sells the plans of this file, through a stand-in for Stripe: see docs/billing.md.
    #[arg(long, value_name = "FILE")]
    plans: Option<PathBuf>,
    /// Lets devices of calls speak through this relay, such as `turn:127.0.0.1:3478`: see docs/calls.md. What it
    /// shares with calls stands in TURN_SECRET.
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// Calls no function by schedule or for what comes into the bucket: for whoever runs built ones beside it.
    #[arg(long, hide_short_help = true)]
    hold_events: bool,
    /// The template; by default the nearest template.yaml, here or above.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    template: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // RUST_LOG asks for more. Bodies, addresses and tokens are in no line of any level.
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.from_env_lossy())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let done = match cli.command {
        Some(Command::Openapi) => print_openapi(),
        Some(Command::Init) => operate::init().await,
        Some(Command::Announce(what)) => operate::announce(what).await,
        Some(Command::Import {
            archive,
            chatwoot,
            workspace,
        }) => operate::import(&archive, chatwoot, workspace).await,
        Some(Command::Restore(what)) => operate::restore(what).await,
        Some(Command::Doctor(what)) => operate::examine(what).await,
        Some(Command::Redrive(what)) => operate::redrive(what).await,
        Some(Command::Backfill(what)) => operate::backfill(what).await,
        Some(Command::RotateKeys(what)) => operate::rotate_keys(what).await,
        Some(Command::Bench { what }) => measure(what).await,
        Some(Command::Policy {
            what: Policy::Render { check, template },
        }) => render_policy(check, template.as_deref()),
        Some(Command::VerifyReceipt { file, key, ledger }) => {
            return verify_receipt(&file, &key, ledger.as_deref());
        }
        Some(Command::Flow { what }) => match flows::run(&what) {
            Ok(Outcome::Fine(text)) => print(&text),
            Ok(Outcome::Faults(text)) => {
                return print(&text).map_or(ExitCode::from(2), |()| ExitCode::FAILURE);
            }
            Err(reason) => Err(reason),
        },
        Some(Command::Serve(serve)) => run(serve).await,
        None => run(cli.serve).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nothing is left to be told to when standard error is gone.
            let _ = writeln!(io::stderr(), "sotto: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(serve: Serve) -> Result<(), String> {
    let storage = match serve.ephemeral {
        true => Storage::Ephemeral,
        false => Storage::Folder(serve.data.clone()),
    };
    // From here on an early Ctrl-C is a clean end as well.
    let stopped = stop_signal()?;
    let mut template =
        Template::open(serve.template.as_deref()).map_err(|error| error.to_string())?;
    if let Some(path) = &serve.plans {
        let plans = std::fs::read_to_string(path);
        let plans = plans.map_err(|error| format!("{}: {error}", path.display()))?;
        Plans::parse(&plans).map_err(|wanted| format!("{}: not {wanted}", path.display()))?;
        template.set("BILLING_PLANS", &plans);
    }
    if let Some(relay) = &serve.relay {
        #[expect(
            clippy::disallowed_methods,
            reason = "a secret on a command line stands in every list of processes"
        )]
        let secret = std::env::var("TURN_SECRET").unwrap_or_default();
        if secret.is_empty() {
            return Err(
                "--relay wants what the relay shares with calls, in TURN_SECRET".to_owned(),
            );
        }
        template.set("TURN_URLS", relay);
        template.set("TURN_SECRET", &secret);
    }
    let stack = Stack::start(StackOptions {
        storage,
        port: serve.port,
        clock: Clock::system(),
        only_services: serve.only_services,
        background: true,
        events: match serve.hold_events {
            true => Events::Held,
            false => Events::ToFunctions,
        },
        template: Arc::new(template),
    })
    .await
    .map_err(|error| error.to_string())?;
    let demo = match serve.only_services {
        true => None,
        false => prepare_demo(&stack).await,
    };
    let text = match (serve.json, serve.only_services) {
        (true, _) => format!("{}\n", summary(&stack, demo.as_ref()).await),
        (false, true) => services_text(&stack),
        (false, false) => welcome(&stack, &serve, demo.as_ref()).await,
    };
    print(&text)?;
    stopped.await;
    stack.stop().await;
    Ok(())
}

async fn measure(bench: Bench) -> Result<(), String> {
    print(&bench.run().await?)
}

/// The demo is a courtesy: without it the API still serves.
async fn prepare_demo(stack: &Stack) -> Option<Demo> {
    match Demo::prepare(stack).await {
        Ok(demo) => {
            stack.desk.show(demo.clone());
            Some(demo)
        }
        Err(error) => {
            tracing::warn!(%error, "there is no demo workspace");
            None
        }
    }
}

/// Ends at Ctrl-C or at SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).map_err(|error| error.to_string())?
    };
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}

fn print_openapi() -> Result<(), String> {
    let text = document()
        .to_pretty_json()
        .map_err(|error| error.to_string())?;
    print(&format!("{text}\n"))
}

fn verify_receipt(file: &Path, key: &Path, ledger: Option<&Path>) -> ExitCode {
    let (code, reason) = match receipts::verify(file, key, ledger) {
        Verdict::Holds(text) => match print(&text) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(reason) => (2, reason),
        },
        Verdict::Fails(reason) => (1, format!("the receipt does not hold: {reason}")),
        Verdict::Unchecked(reason) => (2, reason),
    };
    let _ = writeln!(io::stderr(), "sotto: {reason}");
    ExitCode::from(code)
}

fn render_policy(check: bool, template: Option<&Path>) -> Result<(), String> {
    let template = Template::open(template).map_err(|error| error.to_string())?;
    if check {
        return policy::check(&template);
    }
    let now = Clock::system().now().to_string();
    let today = now.split('T').next().unwrap_or_default();
    policy::write(&template, today)
}

/// What `--json` prints.
async fn summary(stack: &Stack, demo: Option<&Demo>) -> Value {
    let mut summary = json!({
        "api": stack.api,
        "dynamodb": stack.wires.dynamodb,
        "pushes": stack.wires.pushes,
        "kms": stack.wires.kms,
        "ses": stack.wires.mail,
        "s3": stack.wires.objects,
        "stripe": stack.stripe.as_ref().map(|stripe| json!({
            "url": stripe.url(),
            "secret_key": SECRET_KEY,
            "webhook_secret": WEBHOOK_SECRET,
        })),
        "demo": null,
    });
    if let Some(demo) = demo {
        summary["demo"] = json!({
            "workspace_id": demo.ids.workspace_id,
            "app_id": demo.ids.app_id,
            "app_key": demo.ids.app_key,
            "origin": stack.api,
            "member_id": demo.ids.member_id,
            "member_token": demo.member_token().await.unwrap_or_default(),
            "visitor_token": demo.visitor_token,
            "conversation_id": demo.conversation_id,
        });
    }
    summary
}

fn services_text(stack: &Stack) -> String {
    let lines =
        aws_environment(&stack.wires).map(|(name, value)| format!("export {name}={value}\n"));
    format!(
        "# The embedded services are running. Ctrl-C stops them.\n{}",
        lines.concat()
    )
}

async fn welcome(stack: &Stack, serve: &Serve, demo: Option<&Demo>) -> String {
    let (api, pushes) = (&stack.api, &stack.wires.pushes);
    let data = match serve.ephemeral {
        true => "kept in memory, gone at the end".to_owned(),
        false => serve.data.display().to_string(),
    };
    let mut text = format!(
        "Sotto runs on this machine. Ctrl-C stops it.\n\n\
         \x20 API      {api}\n\
         \x20 Docs     {api}/docs\n\
         \x20 Demo     {api}/demo\n\
         \x20 Mailbox  {api}/mailbox\n\
         \x20 Pushes   {api}/pushes, from {pushes}\n\
         \x20 Data     {data}\n"
    );
    let Some(demo) = demo else { return text };
    let token = demo.member_token().await.unwrap_or_default();
    let local::seed::DemoIds {
        workspace_id,
        app_key,
        ..
    } = &demo.ids;
    text.push_str(&format!(
        "\n  Demo workspace {workspace_id}, app key {app_key}\n\
         \x20 Member token, good for ten minutes:\n{token}\n"
    ));
    let conversation = &demo.conversation_id;
    let team = format!("{api}/v1/workspaces/{workspace_id}/conversations");
    let json_type = "-H 'content-type: application/json'";
    let message = |text: &str| json!({ "client_message_id": random_uuid(), "text": text });
    let first = json!({ "first_message": message("Hello from curl") });
    text.push_str(&format!(
        "\nA visitor starts a conversation:\n\
         curl -s {api}/v1/widget/conversations -H 'authorization: Bearer {visitor}' \
         {json_type} -d '{first}'\n\
         \nThe team lists its conversations:\n\
         curl -s {team} -H 'authorization: Bearer {token}'\n\
         \nThe team answers in one of them:\n\
         curl -s {team}/{conversation}/messages -H 'authorization: Bearer {token}' \
         {json_type} -d '{answer}'\n",
        visitor = demo.visitor_token,
        answer = message("Hello back"),
    ));
    text
}
