"""Puts the parts of the local stack together, starts them in order and stops them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import botocore.exceptions

from local_stack import bootstrap, terminal
from local_stack.aws.event_bus import EventBus
from local_stack.aws.permissions import Permissions
from local_stack.aws.queue_calls import QueueCalls
from local_stack.aws.recorder import Recorder
from local_stack.aws.resources import Cloud
from local_stack.aws.schedules import Scheduler
from local_stack.aws.sending_limits import Limits, SendingLimits
from local_stack.aws.server import AwsServer, Forward, embedded
from local_stack.compute.functions import Functions, Zygote
from local_stack.compute.queues import Poller, Queues
from local_stack.console.feedback import Feedback
from local_stack.console.outbox import Outbox
from local_stack.console.routes import PREFIX, Helpers
from local_stack.http.gateway import Cors, Gateway, Request, Response, Router, as_aws_decodes, message, routes_of
from local_stack.http.server import QUIET, HttpServer
from local_stack.settings import Settings
from local_stack.template import translation
from local_stack.template.deployment import Deployer, Deployment

STACK_NAME = "nereid-local"
CONSOLE = "/console"
EMAIL_FROM = "hello@example.com"
_PUSH_APPLICATION = "nereid-local"
#: The platforms that have an application of that name; the first is the stack's default for all.
_PUSH_PLATFORMS = ("GCM", "APNS", "APNS_SANDBOX")
#: The attribute of a platform application that names the topic for failed pushes.
_FAILURES = "EventDeliveryFailure"
#: What the console asks when it is opened.
_FIRST_SEEN = ("PublicShowConsole", "ManageListEnvironments", "ManageShowOverview")
# The order is that of the parameters' use, not of the template; a template without one of them is served too.
_CHOSEN = (
    "BaseUrl",
    "Registration",
    "EmailFrom",
    "CreateEmailIdentity",
    "CredentialCacheSeconds",
    "EventTypeCacheSeconds",
    "SmsEnabled",
    "PushApplicationArn",
    "TeamChannels",
    "ConnectedMailboxes",
    "UserTokens",
    "FeedbackWindowSeconds",
)


class Stack:
    """The whole product on one machine.

    Parameters
    ----------
    settings : Settings
        How to run it.
    http : HttpServer
        The API's, not started yet.
    zygote : Zygote
        Where sandboxes of functions come from.
    """

    def __init__(self, settings: Settings, http: HttpServer, zygote: Zygote) -> None:
        self._settings = settings
        self._zygote = zygote
        self._began = time.monotonic()
        self._ready = threading.Event()
        self._gateway: Gateway | None = None
        self._stops: list[Any] = []
        self._http = http
        http.answer = self._answer
        self.base_url = f"http://127.0.0.1:{self._http.server_port}"
        self._outbox = Outbox(self._token_of)
        self._helpers = Helpers(self._outbox)
        self._cloud: Cloud | None = None
        self._functions: Functions | None = None
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="triggered")

    @property
    def state_file(self) -> Path:
        """Where the demo's credentials are written."""
        return self._settings.state_dir / "local.json"

    def start(self) -> None:
        """Start everything and open the API."""
        settings = self._settings
        self.state_file.unlink(missing_ok=True)
        self._http.start()
        self._stops.append(self._http.shutdown)
        recorder = Recorder(Forward(settings.emulator) if settings.emulator else embedded())
        limits = SendingLimits(recorder, Limits(settings.ses_rate, settings.ses_daily_quota))
        permissions = Permissions(limits)
        aws = AwsServer(permissions, settings.aws_host, settings.aws_port, settings.hosts)
        aws.start()
        self._stops.append(aws.stop)
        cloud = self._cloud = Cloud(aws.url, settings.region, STACK_NAME)
        deployment = self._deploy(cloud)
        permissions.policies = {
            name: spec.statements for name, spec in deployment.functions.items() if spec.statements is not None
        }
        functions = self._functions = Functions(
            deployment.functions,
            self._zygote,
            aws.url,
            settings.region,
            settings.state_dir / "pycache",
            verbose=settings.verbose,
        )
        self._stops.append(functions.close)
        self._gateway = self._open(deployment, functions)
        bus = EventBus(
            deployment.rules, settings.region, self._send, lambda arn, event: self._trigger(deployment, arn, event)
        )
        self._helpers.make_team = partial(functions.invoke, bootstrap.CREATE_TEAM)
        self._helpers.feedback = Feedback(bus.publish, deployment.destinations, settings.region, self._notify)
        sqs = QueueCalls(aws.handle, settings.region)
        queues = Queues(Poller(spec, sqs, functions.invoke, settings.region) for spec in deployment.mappings)
        recorder.on_email = self._outbox.record_email
        recorder.on_publish = self._outbox.record_publish
        recorder.on_events = bus.put
        recorder.on_queue = queues.wake
        self._name_topic(deployment)
        queues.start()
        self._stops.append(queues.stop)
        schedules = Scheduler(deployment.rules, bus.tick)
        schedules.start()
        self._stops.append(schedules.stop)
        demo = bootstrap.make_demo(functions.invoke, functions.__contains__, self._gateway.handle, self.base_url)
        bootstrap.write(settings.state_dir / "functions.json", functions.environments())
        bootstrap.write(self.state_file, demo)
        known = {name: demo[name] for name in ("api_token", "environment")}
        self._helpers.session = {**known, "aws_paths": settings.aws_paths}
        self._ready.set()
        took = time.monotonic() - self._began
        terminal.say(bootstrap.welcome(demo, aws.url, took, self.state_file))
        self._watch(deployment, functions)

    def stop(self) -> None:
        """Stop everything, last things first."""
        self._ready.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        while self._stops:
            self._stops.pop()()

    def _deploy(self, cloud: Cloud) -> Deployment:
        settings = self._settings
        open_parameters = {*_CHOSEN, *settings.parameters}
        translated = translation.load(settings.template, settings.region, open_parameters, settings.state_dir)
        declared: Mapping[str, Any] = translated.get("Parameters") or {}
        overrides = {
            "BaseUrl": self.base_url,
            "Registration": "trusted",
            "EmailFrom": EMAIL_FROM,
            "CreateEmailIdentity": "true",
            "CredentialCacheSeconds": "0",
            "EventTypeCacheSeconds": "0",
            "SmsEnabled": "true",
            "TeamChannels": "true",
            "ConnectedMailboxes": "true",
            "UserTokens": "true",
            "FeedbackWindowSeconds": "0",
        }
        if "PushApplicationArn" in declared:
            overrides["PushApplicationArn"], *_ = [
                cloud.client("sns").create_platform_application(
                    Name=_PUSH_APPLICATION, Platform=platform, Attributes={"PlatformCredential": "local"}
                )["PlatformApplicationArn"]
                for platform in _PUSH_PLATFORMS
            ]
        wanted = {name: value for name, value in overrides.items() if name in declared} | dict(settings.parameters)
        return Deployer(translated, settings.root, cloud, wanted, self.base_url).deploy()

    def _open(self, deployment: Deployment, functions: Functions) -> Gateway:
        cors = next((api["cors"] for api in deployment.apis if api["cors"]), None)
        settings = {"allowOrigins": ["*"]} if cors is True else cors
        routes = routes_of(deployment.apis, deployment.function_of, deployment.may_invoke)
        domain = self.base_url.partition("://")[2]
        decode = as_aws_decodes if self._settings.aws_paths else unquote
        return Gateway(Router(routes), functions.invoke, domain, Cors(settings) if settings else None, decode)

    def _answer(self, request: Request) -> Response:
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return self._helpers.handle(request)
        if request.path == "/" and request.method in ("GET", "HEAD"):
            return Response(302, [("Location", CONSOLE)], route=QUIET)
        if not self._ready.is_set() or self._gateway is None:
            response = message(503, "Service Unavailable")
            response.headers.append(("Retry-After", "1"))
            response.route = QUIET
            return response
        return self._gateway.handle(request)

    def _token_of(self, endpoint_arn: str) -> str:
        if self._cloud is None:
            return endpoint_arn
        try:
            answer = self._cloud.client("sns").get_endpoint_attributes(EndpointArn=endpoint_arn)
        except botocore.exceptions.ClientError:
            return endpoint_arn
        return str(answer["Attributes"].get("Token", endpoint_arn))

    def _name_topic(self, deployment: Deployment) -> None:
        """Have the platform applications report failures, as docs/deploy.md tells operators to."""
        topic = deployment.outputs.get("FeedbackTopicArn")
        if self._cloud is None or not topic:
            return
        sns = self._cloud.client("sns")
        for application in sns.list_platform_applications()["PlatformApplications"]:
            sns.set_platform_application_attributes(
                PlatformApplicationArn=application["PlatformApplicationArn"], Attributes={_FAILURES: topic}
            )

    def _notify(self, application_arn: str, text: str) -> bool:
        if self._cloud is None:
            return False
        sns = self._cloud.client("sns")
        named = sns.get_platform_application_attributes(PlatformApplicationArn=application_arn)["Attributes"]
        if _FAILURES not in named:
            return False
        sns.publish(TopicArn=named[_FAILURES], Message=text)
        return True

    def _send(self, queue_arn: str, text: str) -> None:
        if self._cloud is None:
            return
        sqs = self._cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[1])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=text)

    def _trigger(self, deployment: Deployment, function_arn: str, event: Any) -> None:
        function = deployment.function_of(function_arn)
        if function is None or self._functions is None:
            terminal.warn(f"there is no function {function_arn}")
            return
        self._pool.submit(self._functions.invoke, function, event)

    def _watch(self, deployment: Deployment, functions: Functions) -> None:
        threading.Thread(target=self._prepare, args=(deployment, functions), daemon=True).start()
        threading.Thread(target=self._watch_template, daemon=True).start()

    def _prepare(self, deployment: Deployment, functions: Functions) -> None:
        # Neither the first look nor the first event should wait for imports that nobody sees.
        for name in [*filter(functions.__contains__, _FIRST_SEEN), *(spec.function for spec in deployment.mappings)]:
            if not self._ready.is_set():
                return
            try:
                functions[name].prepare()
            except RuntimeError:
                return

    def _watch_template(self) -> None:
        path = self._settings.template
        known = path.stat().st_mtime_ns
        while self._ready.is_set():
            time.sleep(1)
            try:
                state = path.stat().st_mtime_ns
            except OSError:
                continue
            if state != known:
                known = state
                terminal.warn(f"{path.name} has changed: restart to use it")
