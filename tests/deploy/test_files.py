"""What deploy/ ships agrees with the code that it starts."""

import re
import tomllib
from pathlib import Path
from typing import Any, cast

import prometheus_client
import typer.main
import yaml

import runtime.metrics
from console.settings import ConsoleSettings
from faultcast.cli import app
from runtime.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE_TEXT = (DEPLOY / "compose.yaml").read_text()
COMPOSE = cast("dict[str, Any]", yaml.safe_load(COMPOSE_TEXT))
ENV_EXAMPLE = (DEPLOY / ".env.example").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
WORKERS = ["ingest", "reassembler", "analyzer"]
"""What is started as often as the load needs."""
CONSOLE = "console"


def assignments(text: str) -> dict[str, str]:
    """NAME=value lines, those that are commented out too."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_every_setting_that_is_named_exists() -> None:
    known = {f"FAULTCAST_{name.upper()}" for name in ConsoleSettings.model_fields} | {"FAULTCAST_"}
    for file in (*DEPLOY.rglob("*"), ROOT / "docs/running.md"):
        if file.is_file() and file.suffix != ".pyc":
            named = set(re.findall(r"FAULTCAST_[A-Z_]*", file.read_text()))
            assert named <= known, file


def test_the_settings_of_the_compose_file_are_valid() -> None:
    """As far as one process can tell: the URLs parse, with any password that .env may hold."""
    for worker in WORKERS:
        environment = COMPOSE["services"][worker]["environment"]
        values = {name: re.sub(r"\$\{[^}]*\}", "0a1b2c", value) for name, value in environment.items()}
        fields: dict[str, Any] = {name.removeprefix("FAULTCAST_").lower(): value for name, value in values.items()}
        Settings(**fields, _env_file=None)


def test_examples_in_the_env_file_are_the_defaults() -> None:
    examples = {name: value for name, value in assignments(ENV_EXAMPLE).items() if name.startswith("FAULTCAST_")}
    assert examples
    for name, value in examples.items():
        assert value == str(Settings.model_fields[name.removeprefix("FAULTCAST_").lower()].default), name


def test_the_env_file_names_every_variable_of_the_compose_file_with_its_default() -> None:
    variables = dict(re.findall(r"\$\{([A-Z_]+):[-?]([^}]*)\}", COMPOSE_TEXT))
    examples = assignments(ENV_EXAMPLE)
    assert variables.keys() <= examples.keys()
    for name, default in variables.items():
        assert examples[name] == ("" if default == "set it in .env" else default)


def test_the_compose_file_starts_every_worker_that_there_is() -> None:
    commands = {name for name in typer.main.get_group(app).commands if (ROOT / name / "worker.py").is_file()}
    assert {*WORKERS, CONSOLE} == commands
    for worker in (*WORKERS, CONSOLE):
        assert COMPOSE["services"][worker]["command"][0] == worker


def test_people_reach_the_console_over_the_loopback_and_its_data_outlives_it() -> None:
    service = COMPOSE["services"][CONSOLE]
    assert service["ports"] == ["${CONSOLE_PUBLISH:-127.0.0.1:8080:8080}"]
    assert service["volumes"] == ["console:/var/lib/faultcast", "store:/var/lib/faultcast/store"]


def test_replicas_get_names_of_their_own() -> None:
    """A worker's name fixed by the file would be shared by all replicas; so would a container's name or a port."""
    for worker in WORKERS:
        service = COMPOSE["services"][worker]
        assert not {"container_name", "hostname", "ports"} & service.keys()
        assert "FAULTCAST_WORKER" not in service["environment"]
        assert service["restart"] == "unless-stopped"


def test_what_is_mounted_is_there() -> None:
    for name, service in COMPOSE["services"].items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], name


def test_redis_is_out_of_reach_and_the_broker_is_on_the_loopback() -> None:
    redis = COMPOSE["services"]["redis"]
    assert "ports" not in redis
    assert redis["networks"] == ["streams"]
    assert COMPOSE["networks"]["streams"] == {"internal": True}
    assert COMPOSE["services"]["mosquitto"]["ports"] == ["${BROKER_PUBLISH:-127.0.0.1:1883:1883}"]


def test_health_is_asked_and_metrics_are_scraped_where_they_are() -> None:
    port = assignments(DOCKERFILE.replace("    ", ""))["FAULTCAST_HTTP_PORT"]
    for worker in WORKERS:
        assert f"127.0.0.1:{port}/health/ready" in COMPOSE["services"][worker]["healthcheck"]["test"][-1]
    scrape = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    assert scrape["dns_sd_configs"][0]["port"] == int(port)
    assert scrape["dns_sd_configs"][0]["names"] == [*WORKERS, CONSOLE]


def test_alerts_are_about_metrics_that_exist() -> None:
    collected = prometheus_client.REGISTRY.collect()
    known = {metric.name + suffix for metric in collected for suffix in ("", "_total", "_bucket", "_sum", "_count")}
    assert runtime.metrics.STREAM_LAG is not None
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        used = set(re.findall(r"\bfaultcast_[a-z_]+", rule["expr"]))
        assert used <= known, rule["alert"]
        assert rule["annotations"]["summary"]


def test_the_image_holds_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for package in packages:
        assert f"COPY {package} {package}\n" in DOCKERFILE
        assert f"!{package}" in ignore


def test_every_metric_is_explained_and_every_explained_one_exists() -> None:
    explained = set(re.findall(r"`(faultcast_[a-z_]+)[`{]", (ROOT / "docs/running.md").read_text()))
    existing = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in prometheus_client.REGISTRY.collect()
        if metric.name.startswith("faultcast_")
    }
    assert explained == existing


def test_what_the_manual_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs/running.md").read_text()):
        assert (ROOT / "docs" / target).exists(), target
