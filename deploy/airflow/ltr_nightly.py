"""A night of ltr as a DAG of Airflow 3; for the folder of DAGs.

Exit codes of `ltr nightly`: 0 is success; 10, the champion was kept, is "skipped" (the night is
complete, downstream tasks that publish a new champion have nothing to do); 11, another night holds
the folder, and 143, stopped, are tried again after a pause, and go on where they were. So is 2,
bad input, in vain: Airflow's BashOperator cannot tell it apart. SIGTERM reaches the night when the
task is cleared or runs too long, because of `exec`.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

KEPT = 10

with DAG(
    dag_id="ltr_nightly",
    description="Retrain the ranker, and promote it if it is not worse",
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    start_date=datetime(2026, 11, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["ltr"],
) as dag:
    night = BashOperator(
        task_id="night",
        # The interval that ends at 02:00 began yesterday: the last day that is complete.
        bash_command=(
            "exec ltr --log-format json nightly /etc/ltr/job.toml --out /var/lib/ltr"
            " --date {{ data_interval_start | ds }}"
        ),
        # Secrets come from the worker's environment or a secrets backend; never from this file.
        append_env=True,
        skip_on_exit_code=[KEPT],
        retries=4,
        retry_delay=timedelta(minutes=15),
        execution_timeout=timedelta(hours=6),
        do_xcom_push=False,
    )
    publish = BashOperator(
        task_id="publish",
        # Runs only after a promotion; put what hands the champion to serving in its place.
        bash_command="exec readlink /var/lib/ltr/models/champion",
        do_xcom_push=False,
    )
    night >> publish
