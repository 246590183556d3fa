//! One running stack: the services, the functions, the gateway, and what runs between them.
//!
//! Any number of stacks can run in one process, each with its own tables, keys, mailbox, clock and
//! faults: tests start one each.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use shared::app::{App, Clock};
use shared::domain::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::data::{Data, DataError};
use crate::faults::Faults;
use crate::feedback::Bus;
use crate::folder::{DataFolder, FolderError};
use crate::functions::{Failure, Function, Functions};
use crate::gateway::Gateway;
use crate::inbound::{self, Bounced, Found, Received};
use crate::kms::Kms;
use crate::mail::Mailbox;
use crate::objects::Objects;
use crate::pages::{self, Desk};
use crate::pushes::Pushes;
use crate::sockets::Sockets;
use crate::streams::{Drained, Pump};
use crate::stripe::Stripe;
use crate::template::{Schedule, Template};
use crate::wires::Wires;

/// How often expired items go by themselves.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How often old stream records go by themselves.
const TRIM_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long requests in flight may take to end when the stack stops.
const GRACE: Duration = Duration::from_secs(2);

/// Where a stack keeps its data.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In memory, until it stops. The clock may be a manual one.
    Ephemeral,
    /// The tables in another DynamoDB, at this base URL, and everything else in memory: for tests that hold the
    /// embedded one against another.
    Elsewhere(String),
    /// In this folder. The clock has to be the system's.
    Folder(PathBuf),
}

/// Who hears of what comes into a bucket, and of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// The functions of this stack, as on AWS.
    ToFunctions,
    /// Nobody: whoever runs the functions elsewhere tells them.
    Held,
}

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// Where data is kept.
    pub storage: Storage,
    /// The port of the API; 0 is any free one.
    pub port: u16,
    /// The time of everything in the stack.
    pub clock: Clock,
    /// Leaves out the functions and the gateway.
    pub only_services: bool,
    /// Moves the stream, sweeps and trims by itself. Without it, [`Stack::drain`] and
    /// [`Stack::sweep_ttl`] do, at moments that a test chooses.
    pub background: bool,
    /// Who hears of what comes into a bucket, and of the time.
    pub events: Events,
    /// The template: what there is to run.
    pub template: Arc<Template>,
}

impl StackOptions {
    /// What a test wants: nothing kept, a free port, nothing happening by itself.
    pub fn for_tests(template: Arc<Template>, clock: Clock) -> Self {
        Self {
            storage: Storage::Ephemeral,
            port: 0,
            clock,
            only_services: false,
            background: false,
            events: Events::ToFunctions,
            template,
        }
    }
}

/// Why a stack does not start; one line.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The template and this program do not fit together.
    #[error("{0}")]
    Functions(String),
    /// Another program listens there.
    #[error("port {0} is in use; choose another with --port, or --port 0 for any")]
    PortInUse(u16),
    /// The data folder is at fault.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The tables are at fault.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The system refuses.
    #[error("the system refuses: {0}")]
    Io(#[from] io::Error),
}

/// A running stack. It stops when it is dropped; [`Stack::stop`] also waits until it has.
pub struct Stack {
    /// Base URL of the API, without a slash at the end. Empty with
    /// [`StackOptions::only_services`].
    pub api: String,
    /// The wires of the embedded AWS services.
    pub wires: Wires,
    /// The time of everything in the stack.
    pub clock: Clock,
    /// What goes wrong between the functions and the services.
    pub faults: Faults,
    /// The caught mail.
    pub mailbox: Mailbox,
    /// Those who bring notifications to devices.
    pub pushes: Pushes,
    /// The objects of every bucket.
    pub objects: Objects,
    /// What stands in for Stripe, where plans are sold.
    pub stripe: Option<Stripe>,
    /// What the demo pages know.
    pub desk: Desk,
    /// The data folder, if there is one.
    pub folder: Option<Arc<DataFolder>>,
    template: Arc<Template>,
    data: Data,
    functions: Option<Functions>,
    sockets: Option<Sockets>,
    router: Router,
    pumps: Vec<Pump>,
    bus: Option<Bus>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Stack {
    /// Starts a stack: creates the tables of the template where they are absent, and serves.
    ///
    /// # Errors
    /// One line that says what to do about it.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let template = options.template.clone();
        let listener = match options.only_services {
            true => None,
            false => Some(listen(options.port).await?),
        };
        let api = match &listener {
            Some(listener) => format!("http://{}", listener.local_addr()?),
            None => String::new(),
        };
        let (folder, data, kms, objects) = open_storage(&options, &template)?;
        data.prepare(&template.tables)?;
        let mailbox = Mailbox::new(options.clock.clone());
        let pushes = Pushes::new(options.clock.clone());
        let wires = Wires::start(&data, kms, mailbox.clone(), objects.clone(), pushes.clone())?;
        let (stop, stopped) = watch::channel(false);
        let mut stack = Self {
            desk: Desk::new(&api, mailbox.clone(), pushes.clone()),
            api,
            wires,
            clock: options.clock,
            faults: Faults::default(),
            mailbox,
            pushes,
            objects,
            stripe: None,
            folder,
            template,
            data,
            functions: None,
            sockets: None,
            router: Router::new(),
            pumps: Vec::new(),
            bus: None,
            stop,
            tasks: JoinSet::new(),
        };
        if let Some(listener) = listener {
            if sells(&stack.template) {
                stack.stripe = Some(Stripe::start(stack.clock.clone()).await?);
            }
            stack.start_functions(options.background, options.events)?;
            stack.initialise().await?;
            if let Some(stripe) = &stack.stripe {
                stripe.tell(stack.router());
            }
            stack.serve(listener, stopped);
        }
        if options.background {
            stack.start_background(options.events);
        }
        Ok(stack)
    }

    /// The function of one crate, to be invoked with an event: `stack.function("messages")`.
    pub fn function(&self, crate_name: &str) -> Option<&Function> {
        self.functions.as_ref()?.by_folder(crate_name)
    }

    /// What the functions of one crate work with, its meter included: `stack.app("messages")`.
    pub fn app(&self, crate_name: &str) -> Option<&App> {
        self.function(crate_name).map(Function::app)
    }

    /// The template this stack was started from.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The tables.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The WebSocket API, when the template has one.
    pub fn sockets(&self) -> Option<&Sockets> {
        self.sockets.as_ref()
    }

    /// The API without the network: the same gateway, called in this process.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Delivers everything that is in the table streams now, and what is heard of mails.
    ///
    /// # Errors
    /// When a stream cannot be read.
    pub async fn drain(&self) -> Result<Drained, DataError> {
        let mut sum = Drained::default();
        loop {
            for pump in &self.pumps {
                let drained = pump.drain().await?;
                sum.delivered += drained.delivered;
                sum.given_up += drained.given_up;
            }
            // What is heard of a mail may write, and what is written may send a mail.
            let heard = match &self.bus {
                Some(bus) => bus.deliver().await,
                None => Drained::default(),
            };
            sum.given_up += heard.given_up;
            if heard == Drained::default() {
                return Ok(sum);
            }
        }
    }

    /// Takes a mail (RFC 5322) in, as SES does: `intake` hears of it with the next [`Self::drain`], or
    /// by itself.
    ///
    /// # Errors
    /// When SES would not take it.
    pub fn receive(&self, mail: &[u8], found: Found) -> Result<Vec<Received>, Bounced> {
        let app = self.app("intake").ok_or(Bounced::NoDesk)?;
        inbound::receive(&self.objects, &app.config.passing_bucket, mail, found)
    }

    /// Does what the lifecycle rules of the buckets say; says how many versions of objects went.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn sweep_objects(&self) -> io::Result<usize> {
        self.objects.sweep()
    }

    /// Delivers what the table streams still hold a second time; says how many records.
    ///
    /// # Errors
    /// When a stream cannot be read.
    pub async fn redeliver(&self) -> Result<usize, DataError> {
        let mut sum = 0;
        for pump in &self.pumps {
            sum += pump.redeliver().await?;
        }
        Ok(sum)
    }

    /// Lets the table streams begin anew, after a backup was put back.
    ///
    /// # Errors
    /// When a stream cannot be read.
    pub async fn skip_streams(&self) -> Result<(), DataError> {
        for pump in &self.pumps {
            pump.skip().await?;
        }
        Ok(())
    }

    /// Deletes every item whose TTL has passed; says how many.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn sweep_ttl(&self) -> Result<usize, DataError> {
        sweep(self.data.clone()).await
    }

    /// Calls the function of the schedule with this name, whatever its case, as Scheduler does, and
    /// returns what it answered.
    ///
    /// # Errors
    /// When there is no such schedule, or the function failed.
    pub async fn run_schedule(&self, name: &str) -> Result<Vec<u8>, StackError> {
        let mut schedules = self.template.schedules.iter();
        let schedule = schedules.find(|schedule| schedule.name.eq_ignore_ascii_case(name));
        let function =
            schedule.and_then(|schedule| self.functions.as_ref()?.by_id(&schedule.function));
        let (Some(schedule), Some(function)) = (schedule, function) else {
            return Err(StackError::Functions(format!(
                "the template has no schedule {name}"
            )));
        };
        call(schedule, function, self.clock.now())
            .await
            .map_err(|error| StackError::Functions(format!("{name}: {error}")))
    }

    /// Stops, and waits until everything has.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(sockets) = &self.sockets {
            sockets.cut_all();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
        self.wires.stop().await;
    }

    fn start_functions(&mut self, background: bool, events: Events) -> Result<(), StackError> {
        // Loopback needs no TLS, and no TLS roots that take their time to load.
        let client = aws_smithy_http_client::Builder::new().build_http();
        let client = self.faults.in_front_of(client);
        let stripe = self.stripe.as_ref().map(Stripe::url);
        let wires = (&self.wires, stripe);
        let functions = Functions::start(&self.template, wires, &self.api, &self.clock, &client)
            .map_err(StackError::Functions)?;
        for source in &self.template.streams {
            let function = functions.by_id(&source.function).cloned();
            let function = function
                .ok_or_else(|| StackError::Functions(format!("{} is missing", source.function)))?;
            let (data, folder) = (self.data.clone(), self.folder.clone());
            self.pumps.push(Pump::new(
                source.clone(),
                data,
                function,
                folder,
                background,
            )?);
        }
        let (mailbox, objects) = (self.mailbox.clone(), self.objects.clone());
        let objects = Some(objects).filter(|_| events == Events::ToFunctions);
        self.bus = Some(Bus::new(&self.template, &functions, mailbox, objects));
        let gateway = Gateway::new(&self.template, &functions, self.clock.clone());
        if let Some(intake) = functions.by_folder("intake") {
            let bucket = intake.app().config.passing_bucket.clone();
            self.desk.take_mail(self.objects.clone(), bucket);
        }
        let mut pages = pages::router(self.desk.clone());
        self.sockets = Sockets::new(&self.template, &functions, self.clock.clone());
        if let Some(sockets) = &self.sockets {
            pages = pages.merge(sockets.router());
        }
        self.router = gateway.router(pages);
        self.functions = Some(functions);
        Ok(())
    }

    /// What `sotto init` does once in a deployment, and each function in its init phase. Counters
    /// begin after it.
    async fn initialise(&self) -> Result<(), StackError> {
        let functions = self.functions.iter().flat_map(Functions::iter);
        let apps: Vec<&App> = functions.map(Function::app).collect();
        if let Some(app) = self.app("auth") {
            let made = app.store.provision(self.clock.now()).await;
            made.map_err(|error| StackError::Functions(error.to_string()))?;
            // Whoever starts it again and again signs the demo in as often.
            let forgotten = app.store.forget_counts(self.clock.now()).await;
            forgotten.map_err(|error| StackError::Functions(error.to_string()))?;
        }
        for app in apps {
            app.warm().await;
            app.meter.take();
        }
        self.faults.reset();
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
        let service = self
            .router()
            .into_make_service_with_connect_info::<SocketAddr>();
        self.tasks.spawn(async move {
            let until = async move {
                // An error means that the stack was dropped.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, service)
                .with_graceful_shutdown(until)
                .await
            {
                tracing::error!(%error, "the gateway has stopped");
            }
        });
    }

    fn start_background(&mut self, events: Events) {
        for pump in self.pumps.clone() {
            self.in_background(pump.run());
        }
        if let Some(bus) = self.bus.clone() {
            self.in_background(bus.run());
        }
        let mut schedules = self.template.schedules.clone();
        if events == Events::Held {
            schedules.clear();
        }
        for schedule in schedules {
            let functions = self.functions.as_ref();
            let Some(function) =
                functions.and_then(|functions| functions.by_id(&schedule.function))
            else {
                continue;
            };
            let (function, clock) = (function.clone(), self.clock.clone());
            self.in_background(async move {
                loop {
                    tokio::time::sleep(schedule.every).await;
                    // What went wrong is in the log, and the next call goes on from there.
                    let _ = call(&schedule, &function, clock.now()).await;
                }
            });
        }
        let (data, objects) = (self.data.clone(), self.objects.clone());
        self.in_background(async move {
            if events != Events::ToFunctions {
                return;
            }
            loop {
                tokio::time::sleep(SWEEP_EVERY).await;
                if let Err(error) = objects.sweep() {
                    tracing::error!(%error, "old versions could not be deleted");
                }
                if let Err(error) = sweep(data.clone()).await {
                    tracing::error!(%error, "expired items could not be deleted");
                }
            }
        });
        let (pumps, clock) = (self.pumps.clone(), self.clock.clone());
        self.in_background(async move {
            loop {
                for pump in &pumps {
                    if let Err(error) = pump.trim(clock.now()).await {
                        tracing::error!(%error, "old stream records could not be deleted");
                    }
                }
                tokio::time::sleep(TRIM_EVERY).await;
            }
        });
    }

    /// Runs until the stack stops.
    fn in_background(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stop.subscribe();
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        });
    }
}

/// Whether the functions of a template are told of plans.
fn sells(template: &Template) -> bool {
    let mut functions = template.functions.iter();
    functions.any(|function| {
        let plans = function.environment.get("BILLING_PLANS");
        plans.is_some_and(|plans| !plans.is_empty())
    })
}

type Opened = (Option<Arc<DataFolder>>, Data, Kms, Objects);

fn open_storage(options: &StackOptions, template: &Template) -> Result<Opened, StackError> {
    let keys = template.keys.clone();
    let (buckets, clock) = (template.buckets.clone(), options.clock.clone());
    match &options.storage {
        Storage::Ephemeral | Storage::Elsewhere(_) => Ok((
            None,
            match &options.storage {
                Storage::Elsewhere(url) => Data::elsewhere(url, &options.clock)?,
                _ => Data::ephemeral(&options.clock)?,
            },
            Kms::ephemeral(keys)?,
            Objects::ephemeral(buckets, clock),
        )),
        Storage::Folder(path) => {
            let folder = DataFolder::open(path)?;
            // The key before the data: data without its key would be a damaged folder.
            let kms = Kms::open(&folder, keys, Data::exists(&folder))?;
            let data = Data::open(&folder)?;
            let objects = Objects::open(&folder, buckets, clock)?;
            Ok((Some(Arc::new(folder)), data, kms, objects))
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener, StackError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StackError::PortInUse(port),
            _ => StackError::Io(error),
        })
}

/// One call of a schedule.
async fn call(
    schedule: &Schedule,
    function: &Function,
    now: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let execution = crate::seed::random_uuid();
    function
        .invoke(schedule.event(now, &execution).into_bytes(), &execution)
        .await
}

async fn sweep(data: Data) -> Result<usize, DataError> {
    let swept = tokio::task::spawn_blocking(move || data.sweep_ttl()).await;
    swept.map_err(|error| DataError::Engine(error.to_string()))?
}

#[cfg(test)]
mod tests;
