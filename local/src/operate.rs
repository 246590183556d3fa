//! What the program does to a deployment, or to the stack of this machine, which is one as well: its keys, what was
//! given up, what is put back, what is taken over, and letters to everybody.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use local::announce::{Announcement, Mode, Operator, Progress};
use local::backfill::{self, Position};
use local::doctor::{self, Finding};
use local::import;
use local::redrive;
use local::restore::{self, Settings};
use local::template::Template;
use shared::app::{App, Clock, Config, Egress, clients};
use shared::domain::WorkspaceId;
use shared::store::StoreError;
use shared::store::registry;
use shared::store::signing::key_id;

use crate::print;

/// How long functions may go on that have read a signing key.
const RETIRE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How long `announce` waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

#[derive(Args)]
pub struct Announce {
    /// The address of the API.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    api: String,
    /// A file with the operator's access token, and nothing else.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Whom it reaches: `marketing` those who asked for offers, `service` those who have not refused
    /// news, `material_change` every owner.
    #[arg(long, value_parser = ["marketing", "service", "material_change"])]
    class: String,
    /// The subject of the mail.
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// The text of the mail, as a file. An empty line begins a paragraph.
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Only to members of this workspace; may be given often.
    #[arg(long = "workspace", value_name = "ID")]
    workspaces: Vec<String>,
    /// Of a change that matters: the day of the version of the policy, as YYYY-MM-DD.
    #[arg(long = "policy-version", value_name = "DAY")]
    version: Option<String>,
    /// Of a change that matters: from when on it holds, at least 14 days from now.
    #[arg(long, value_name = "TIME")]
    effective_at: Option<String>,
    /// Counts whom it would reach, and ends.
    #[arg(long)]
    dry_run: bool,
    /// Does not ask.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

#[derive(Args)]
pub struct Doctor {
    /// Looks at this machine even where the variables of a deployment are set.
    #[arg(long)]
    laptop: bool,
    /// Says what to do so that mail to the deployment comes in, and ends.
    #[arg(long, conflicts_with = "laptop")]
    activate_mail: bool,
    /// The folder that keeps the data of this machine.
    #[arg(long, value_name = "DIR", default_value = ".sotto")]
    data: PathBuf,
    /// The port of the API on this machine.
    #[arg(long, value_name = "N", default_value_t = 8787)]
    port: u16,
    /// The template; by default the nearest template.yaml, here or above.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    template: Option<PathBuf>,
}

#[derive(Args)]
pub struct Redrive {
    /// Only what happened in so many hours before now. Deliveries are kept for seven days.
    #[arg(long, value_name = "N", default_value_t = 168, value_parser = clap::value_parser!(u64).range(1..=168))]
    hours: u64,
    /// Only of this workspace.
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// Counts, and changes nothing.
    #[arg(long)]
    count: bool,
}

#[derive(Args)]
pub struct Backfill {
    /// Counts, and changes nothing.
    #[arg(long)]
    count: bool,
    /// Goes on behind a position that a run has named.
    #[arg(long, value_name = "POSITION")]
    after: Option<Position>,
}

#[derive(Args)]
pub struct RotateKeys {
    /// Makes no key: forgets the public halves of all but the newest.
    #[arg(long)]
    retire: bool,
    /// A key was stolen: retires without waiting for functions that still sign with it.
    #[arg(long, requires = "retire")]
    compromised: bool,
}

#[derive(Args)]
pub struct Restore {
    /// The restored table of everything but keys.
    #[arg(long, value_name = "NAME")]
    data_table: String,
    /// The restored table of keys. Keys of which the data table does not know are deleted from it.
    #[arg(long, value_name = "NAME", conflicts_with = "present_keys")]
    keys_table: Option<String>,
    /// The present keys table, because only data was lost: whatever was deleted since the backup has lost its key, and
    /// goes again; and the keys of all that came since go. Never in a drill: these keys are those of the living.
    #[arg(long)]
    present_keys: bool,
    /// Nobody will be served from these tables: both are restored ones, files are left alone, and the tables get no
    /// settings.
    #[arg(long, requires = "keys_table", conflicts_with_all = ["in_place", "present_keys", "files"])]
    drill: bool,
    /// Works on the very table that the deployment reads now. Nobody may be served meanwhile.
    #[arg(long)]
    in_place: bool,
    /// Deletes files of which these tables know nothing as well: uploaded since the backup, or brought back by one of
    /// the bucket. Only for tables that will be served from, never in a drill: the files are those of the living.
    #[arg(long)]
    files: bool,
}

impl Restore {
    /// The names of the two tables to work on, where the deployment reads the `present` ones: those only where somebody
    /// says so, because keys go of which the data table does not know.
    fn tables(self, (data, keys): (&str, &str)) -> Result<(String, String), String> {
        let in_place = self.in_place && self.data_table == data;
        if self.data_table == data && !in_place {
            return Err(format!(
                "{data} is the table that the deployment reads: restore to another name, or say --in-place"
            ));
        }
        let may_be_present = in_place || self.present_keys;
        match self.keys_table {
            Some(name) if name == keys && !may_be_present => Err(format!(
                "{keys} is the table of keys that the deployment reads: restore it to another name, or say --present-keys"
            )),
            Some(name) => Ok((self.data_table, name)),
            None if may_be_present => Ok((self.data_table, keys.to_owned())),
            None => Err(
                "say which keys: --keys-table where both tables were restored, as for a drill; --present-keys where only \
                 data was lost, and the present keys of all that came since the backup may go"
                    .to_owned(),
            ),
        }
    }
}

/// The deployment that the variables of the environment name.
fn of_environment() -> Result<App, String> {
    let config = Config::from_env().map_err(|error| error.to_string())?;
    Ok(App::new(
        config,
        Clock::system(),
        clients::https(),
        Egress::public(),
    ))
}

pub async fn examine(what: Doctor) -> Result<(), String> {
    let config = Config::from_env();
    if what.activate_mail {
        let Ok(config) = config else {
            let unseen = Err("no deployment is named".to_owned());
            return print(&doctor::activate_mail("$AWS_REGION", &unseen));
        };
        let active = doctor::active_rules(&config, Clock::system().now()).await;
        return print(&doctor::activate_mail(&config.region, &active));
    }
    // A word about each thing as it is seen: some take seconds.
    let hear = |finding: &Finding| {
        let _ = print(&format!("{finding}\n"));
    };
    let findings = match config {
        Ok(_) if !what.laptop => {
            let app = of_environment()?;
            let wires = doctor::Clients::new(&app.config, &clients::https());
            // Whoever looks from elsewhere than a checkout has no reports.
            let template = Template::open(what.template.as_deref()).ok();
            doctor::deployment(&app, &wires, template.as_ref(), hear).await
        }
        Err(missing) if !what.laptop && missing.0 != "DATA_TABLE" => {
            return Err(format!("{missing}; --laptop looks at this machine"));
        }
        _ => {
            let findings = doctor::laptop(&doctor::Laptop {
                data: &what.data,
                port: what.port,
                template: what.template.as_deref(),
                now: Clock::system().now(),
            });
            findings.iter().for_each(hear);
            findings
        }
    };
    print(&doctor::verdict(&findings))?;
    match doctor::worst(&findings) {
        doctor::State::Bad => Err("something is bad".to_owned()),
        _ => Ok(()),
    }
}

pub async fn backfill(what: Backfill) -> Result<(), String> {
    let app = of_environment()?;
    let say = |line: String| {
        let _ = print(&format!("{line}\n"));
    };
    let mode = match what.count {
        true => backfill::Mode::Count,
        false => backfill::Mode::Renew,
    };
    let report = backfill::run(&app, registry::SHAPES, (mode, what.after), say).await;
    let report = report.map_err(|error| format!("{error}; run it again, it goes on"))?;
    print(&report.to_string())?;
    match (mode, report.left()) {
        (backfill::Mode::Renew, 1..) => Err("rows of an earlier version are left".to_owned()),
        _ => Ok(()),
    }
}

pub async fn redrive(what: Redrive) -> Result<(), String> {
    let app = of_environment()?;
    if !what.count && what.workspace.is_none() {
        redrive_stripe(&app).await?;
    }
    let wanted = redrive::Wanted {
        workspace: what.workspace,
        within: Duration::from_secs(what.hours * 60 * 60),
        mode: match what.count {
            true => redrive::Mode::Count,
            false => redrive::Mode::Redrive,
        },
    };
    let say = |line: String| {
        let _ = print(&format!("{line}\n"));
    };
    let report = redrive::run(&app, wanted, say).await;
    let report = report.map_err(|error| format!("{error}; run it again, it goes on"))?;
    let verb = match what.count {
        true => "were given up",
        false => "wait again and go out with the next minute",
    };
    print(&format!(
        "{} items looked at: {} deliveries {verb}, {} of endpoints that take nothing are left alone.\n",
        report.looked_at, report.again, report.put_aside
    ))
}

/// Tasks at Stripe belong to the deployment, and have no hours.
async fn redrive_stripe(app: &App) -> Result<(), String> {
    let driven = app.store.redrive_stripe(app.clock.now()).await;
    let driven = driven.map_err(|error| error.to_string())?;
    for task in &driven {
        let about = task.about.as_ref().map_or("", |about| about.as_str());
        print(&format!("{} {about}\n", task.task.word()))?;
    }
    print(&format!(
        "{} tasks at Stripe will be tried within a minute.\n",
        driven.len()
    ))
}

pub async fn rotate_keys(what: RotateKeys) -> Result<(), String> {
    let app = of_environment()?;
    let now = app.clock.now();
    let failed = |error: StoreError| match error {
        StoreError::Conflict => {
            "somebody else did the same just now: look, and run it again".to_owned()
        }
        error => error.to_string(),
    };
    if !what.retire {
        let keys = app.store.rotate_signing(now).await.map_err(failed)?;
        let newest = keys
            .keys
            .first()
            .map_or_else(String::new, |key| key_id(&key.0));
        return print(&format!(
            "Key {newest} signs from now on; tokens of {} keys are good. In a day: sotto rotate-keys --retire\n",
            keys.keys.len()
        ));
    }
    let newest = app.store.public_keys(now).await.map_err(failed)?;
    if now < newest.created_at.plus(RETIRE_AFTER) && !what.compromised {
        return Err(
            "the newest key is younger than a day: functions that run still sign with the one before. \
             Wait, or say --compromised"
                .to_owned(),
        );
    }
    app.store.retire_signing(now).await.map_err(failed)?;
    print(
        "Only tokens of the newest key are good, wherever the keys are read from now on. Functions that run \
         have read them already: deploy, so that others begin.\n",
    )
}

pub async fn init() -> Result<(), String> {
    let app = of_environment()?;
    print(&format!(
        "Keys, in the table {}: they sign tokens and receipts, and pepper passwords.\n",
        app.config.keys_table
    ))?;
    app.store
        .provision(app.clock.now())
        .await
        .map_err(|error| error.to_string())?;
    print("The keys of the deployment are in place.\n\nWhat else the first day needs:\n")?;
    let wires = doctor::Clients::new(&app.config, &clients::https());
    doctor::first_day(&app, &wires, |finding| {
        let _ = print(&format!("{finding}\n"));
    })
    .await;
    print(&match &app.config.operator_email {
        Some(_) => format!(
            "\nThe first owner: sign up at {} with the address of OperatorEmail, which will operate the deployment,\n\
             and make a workspace (docs/production.md, step 7). Nobody else can become the operator.\n\
             Then: sotto doctor\n",
            app.config.issuer
        ),
        None => "\nNobody will operate this deployment: set OperatorEmail, deploy, and run this again.\n".to_owned(),
    })
}

pub async fn announce(what: Announce) -> Result<(), String> {
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path);
        text.map_err(|error| format!("{}: {error}", path.display()))
    };
    let operator = Operator::new(&what.api, &read(&what.token_file)?);
    let announcement = Announcement {
        class: what.class,
        subject: what.subject,
        text: read(&what.text)?.trim_end().to_owned(),
        workspaces: what.workspaces,
        version: what.version,
        effective_at: what.effective_at,
    };
    let mut progress = operator.announce(&announcement, Mode::Rehearse).await?;
    print("Counting whom it would reach; the deployment takes up to a minute.\n")?;
    while !progress.done {
        tokio::time::sleep(LOOK_AGAIN).await;
        progress = operator.progress(&progress.id).await?;
    }
    let Progress {
        letters, looked_at, ..
    } = progress;
    print(&format!(
        "It would reach {letters} of {looked_at} accounts.\n"
    ))?;
    if what.dry_run {
        return Ok(());
    }
    if !what.yes && !confirmed(letters)? {
        return print("Nobody was written to.\n");
    }
    let sent = operator.announce(&announcement, Mode::Send).await?;
    print(&format!(
        "It goes out, about a hundred letters a minute. How far it is:\n  GET {}/v1/operator/announcements/{}\n",
        what.api, sent.id
    ))
}

/// Whether the operator, on a terminal, types how many letters there will be.
fn confirmed(letters: u64) -> Result<bool, String> {
    if !io::stdin().is_terminal() {
        return Err("nobody is here to be asked: say --yes, or --dry-run".to_owned());
    }
    print(&format!("Type {letters} to write to them: "))?;
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| error.to_string())?;
    Ok(answer.trim() == letters.to_string())
}

pub async fn import(
    archive: &Path,
    chatwoot: Option<u64>,
    workspace: WorkspaceId,
) -> Result<(), String> {
    let config = Config::from_env().map_err(|error| error.to_string())?;
    let app = App::new(config, Clock::system(), clients::https(), Egress::public());
    let say = |line: String| {
        let _ = print(&format!("{line}\n"));
    };
    let report = match chatwoot {
        Some(account) => import::chatwoot::run(&app, archive, (account, workspace), say).await,
        None => import::run(&app, archive, workspace, say).await,
    };
    let report = report.map_err(|error| error.to_string())?;
    print(&report.to_string())
}

pub async fn restore(what: Restore) -> Result<(), String> {
    let mut config = Config::from_env().map_err(|error| error.to_string())?;
    let (is_drill, files) = (what.drill, what.files);
    let (data, keys) = what.tables((&config.data_table, &config.keys_table))?;
    (config.data_table, config.keys_table) = (data.clone(), keys.clone());
    // The embedded tables keep their settings; DynamoDB forgets them.
    let forgets = config.dynamodb_url.is_none();
    let client = clients::dynamodb(&config, clients::https());
    let app = App::new(config, Clock::system(), clients::https(), Egress::public());
    let say = |line: String| {
        // Whoever closed standard output still gets the end of it as an exit code.
        let _ = print(&format!("{line}\n"));
    };
    if is_drill {
        let drilled = restore::drill(&app, say).await;
        drilled.map_err(|error| error.to_string())?;
        return print(
            "A drill: these tables must not be served from, because files were left alone. Delete them.\n",
        );
    }
    let restored = restore::run(&app, say).await;
    restored.map_err(|error| error.to_string())?;
    if files {
        restore::drop_rowless(&app, say)
            .await
            .map_err(|error| format!("{error}; run it again, it goes on from where it is"))?;
    }
    // Last: from here on changes are told to `outbox`, and what was done above is nobody's mail.
    let mut stream = None;
    if forgets {
        stream = restore::apply(&client, &data, Settings::DATA).await?;
        restore::apply(&client, &keys, Settings::KEYS).await?;
    }
    let stream = stream.map_or_else(String::new, |arn| format!(" RestoredDataStream={arn}"));
    print(&format!(
        "These tables may be served from. Deploy with:\n  RestoredDataTable={data}{stream} \
         RestoredKeysTable={keys}\n"
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        restore: Restore,
    }

    /// The tables of a command line, where the deployment reads `data` and `keys`.
    fn tables(flags: &str) -> Result<(String, String), String> {
        let words = std::iter::once("restore").chain(flags.split(' '));
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        line.restore.tables(("data", "keys"))
    }

    #[test]
    fn the_present_keys_are_worked_on_only_where_somebody_says_so() {
        for (flags, of_keys) in [
            ("--data-table restored --keys-table old", "old"),
            ("--data-table restored --keys-table old --drill", "old"),
            ("--data-table restored --present-keys", "keys"),
            ("--data-table data --in-place", "keys"),
            ("--data-table data --in-place --keys-table keys", "keys"),
        ] {
            let tables = tables(flags).unwrap_or_else(|error| panic!("{flags}: {error}"));
            assert_eq!(tables.1, of_keys, "{flags}");
        }
        for (flags, says) in [
            ("--data-table restored", "--present-keys"),
            ("--data-table restored --in-place", "--present-keys"),
            ("--data-table restored --keys-table keys", "--present-keys"),
            ("--data-table data --present-keys", "--in-place"),
        ] {
            let refused = tables(flags).expect_err(flags);
            assert!(refused.contains(says), "{flags}: {refused}");
        }
    }

    #[test]
    fn a_drill_has_two_restored_tables_and_no_files() {
        let restored = "--data-table restored --keys-table old --drill";
        for flags in [
            "--data-table restored --drill".to_owned(),
            "--data-table restored --present-keys --drill".to_owned(),
            "--data-table restored --keys-table keys --drill".to_owned(),
            "--data-table data --keys-table old --drill".to_owned(),
            format!("{restored} --in-place"),
            format!("{restored} --files"),
        ] {
            assert!(tables(&flags).is_err(), "{flags}");
        }
    }
}
