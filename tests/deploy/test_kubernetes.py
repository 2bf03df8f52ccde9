"""The manifests parse and hold what their kinds require; no cluster was asked."""

import re

import pytest
import yaml

from pipelines.nightly.outcome import Exit
from tests.deploy.pieces import DEPLOY

FOLDER = DEPLOY / "kubernetes"
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
QUANTITY = re.compile(r"\d+(m|k|M|G|Mi|Gi|Ti)?")


def objects():
    for path in sorted(FOLDER.glob("*.yaml")):
        for one in yaml.safe_load_all(path.read_text()):
            yield pytest.param(one, id=f"{path.name}-{one['kind']}")


def of_kind(kind):
    (found,) = [one.values[0] for one in objects() if one.values[0]["kind"] == kind]
    return found


def templates():
    """The template of every pod."""
    yield of_kind("CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    cluster = of_kind("RayJob")["spec"]["rayClusterSpec"]
    yield cluster["headGroupSpec"]["template"]
    yield from (group["template"] for group in cluster["workerGroupSpecs"])


@pytest.mark.parametrize("made", list(objects()))
def test_an_object_has_its_kind_version_and_name(made):
    versions = {
        "CronJob": "batch/v1",
        "PersistentVolumeClaim": "v1",
        "RayJob": "ray.io/v1",
        "Secret": "v1",
    }
    assert made["apiVersion"] == versions[made["kind"]]
    assert NAME.fullmatch(made["metadata"]["name"])


KEYS = {
    "CronJob": {
        "concurrencyPolicy",
        "failedJobsHistoryLimit",
        "jobTemplate",
        "schedule",
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "suspend",
        "timeZone",
    },
    "Job": {
        "activeDeadlineSeconds",
        "backoffLimit",
        "completions",
        "parallelism",
        "podFailurePolicy",
        "template",
        "ttlSecondsAfterFinished",
    },
    "Pod": {
        "automountServiceAccountToken",
        "containers",
        "restartPolicy",
        "securityContext",
        "terminationGracePeriodSeconds",
        "volumes",
    },
    "Container": {
        "command",
        "env",
        "envFrom",
        "image",
        "name",
        "resources",
        "securityContext",
        "volumeMounts",
    },
    "RayJob": {
        "activeDeadlineSeconds",
        "backoffLimit",
        "entrypoint",
        "rayClusterSpec",
        "shutdownAfterJobFinishes",
        "submissionMode",
        "ttlSecondsAfterFinished",
    },
    "RayCluster": {"headGroupSpec", "rayVersion", "workerGroupSpecs"},
    "Worker": {
        "groupName",
        "maxReplicas",
        "minReplicas",
        "rayStartParams",
        "replicas",
        "template",
    },
}


def test_no_key_is_misspelt():
    cron, ray = of_kind("CronJob")["spec"], of_kind("RayJob")["spec"]
    found = [("CronJob", cron), ("Job", cron["jobTemplate"]["spec"]), ("RayJob", ray)]
    found += [("RayCluster", ray["rayClusterSpec"])]
    found += [("Worker", group) for group in ray["rayClusterSpec"]["workerGroupSpecs"]]
    for template in templates():
        found += [("Pod", template["spec"])]
        found += [("Container", one) for one in template["spec"]["containers"]]
    for kind, spec in found:
        assert set(spec) <= KEYS[kind], kind


def test_two_nights_never_run_at_once():
    spec = of_kind("CronJob")["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert re.fullmatch(r"\d+ \d+ \* \* \*", spec["schedule"])
    assert spec["timeZone"] == "Etc/UTC"


def action_for(code=None, condition=None):
    """What Kubernetes does with a pod that failed: the first rule that fits."""
    policy = of_kind("CronJob")["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]
    for rule in policy["rules"]:
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
        assert (codes is None) != (conditions is None), "one of the two in each rule"
        if conditions and condition in [one["type"] for one in conditions]:
            assert all(one["status"] == "True" for one in conditions), "asked for before 1.37"
            return rule["action"]
        if codes and code is not None:
            assert codes["operator"] in ("In", "NotIn")
            if (code in codes["values"]) == (codes["operator"] == "In"):
                return rule["action"]
    return "Count"


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (Exit.BAD_INPUT, "FailJob"),
        (Exit.BUSY, "Count"),
        (Exit.STOPPED, "Count"),
        (Exit.BUG, "Count"),
        (137, "Count"),
    ],
)
def test_a_pod_that_failed_is_handled_as_its_exit_code_says(code, action):
    assert action_for(code) == action


def test_a_pod_that_was_driven_out_starts_again_whatever_its_code():
    assert action_for(Exit.STOPPED, "DisruptionTarget") == "Ignore"


def test_the_rules_on_exit_codes_are_allowed_ones():
    template = of_kind("CronJob")["spec"]["jobTemplate"]["spec"]
    assert template["template"]["spec"]["restartPolicy"] == "Never", "asked for by the rules"
    names = [one["name"] for one in template["template"]["spec"]["containers"]]
    for rule in template["podFailurePolicy"]["rules"]:
        assert rule["action"] in ("Count", "FailJob", "Ignore")
        if codes := rule.get("onExitCodes"):
            assert codes["containerName"] in names
            # `In` must not hold 0; values are sorted and differ.
            assert codes["operator"] == "NotIn" or 0 not in codes["values"]
            assert codes["values"] == sorted(set(codes["values"]))


def test_a_night_has_time_for_its_snapshot():
    cron, head, *_ = templates()
    for template in (cron, head):
        assert template["spec"]["terminationGracePeriodSeconds"] >= 120


def test_every_pod_runs_as_nobody_special_with_resources_and_volumes_that_there_are():
    for template in templates():
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        volumes = {one["name"] for one in spec["volumes"]}
        for container in spec["containers"]:
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            amounts = [
                one
                for kind in ("requests", "limits")
                for one in container["resources"][kind].values()
            ]
            assert all(QUANTITY.fullmatch(one) for one in amounts)
            assert {one["name"] for one in container["volumeMounts"]} == volumes
            assert not container.get("securityContext", {}).get("allowPrivilegeEscalation")


def test_claims_and_secrets_that_are_used_are_made_or_named_in_a_comment():
    texts = "\n".join(path.read_text() for path in FOLDER.glob("*.yaml"))
    made = {
        one.values[0]["metadata"]["name"]
        for one in objects()
        if one.values[0]["kind"] in ("PersistentVolumeClaim", "Secret")
    }
    used = set(re.findall(r"claimName: ([\w-]+)", texts))
    used |= set(re.findall(r"secretRef:\s*name: ([\w-]+)", texts))
    assert used - made == {"ltr-log"}
    assert "a claim ltr-log with the log" in texts


def test_no_image_names_a_registry():
    for template in templates():
        for container in template["spec"]["containers"]:
            assert re.fullmatch(r"[a-z-]+:latest", container["image"])


def test_the_ray_cluster_has_the_pinned_version_and_ends_with_the_job():
    spec = of_kind("RayJob")["spec"]
    pins = (DEPLOY.parent / "requirements" / "cpu.txt").read_text()
    assert f"\nray=={spec['rayClusterSpec']['rayVersion']}\n" in pins
    assert spec["shutdownAfterJobFinishes"]
    for group in spec["rayClusterSpec"]["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
