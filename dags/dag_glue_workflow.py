"""AWS Glue + Airflow: metrics of songs, every five minutes.

When songs, users and streams lie in s3://<bucket>/spotify_data/, the Spark job calculate_metrics_etl computes metrics
into output/song_kpis/, the Python shell job insert_metrics_dynamo takes them to the DynamoDB table track_level_reports,
and the stream files that were read move from user_streams/ to archive/. Otherwise the run ends at skip_execution.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.sdk import DAG

from hitparade.airflow import System, completion, late_after, notify_failure, python_shell_job, spark_job
from hitparade.airflow.tasks import archive_settled, branch_on_files

system = System(
    __file__,
    config="s3://{dag_glue_workflow_bucket}/spotify_data/hitparade.toml",
    variables={"dag_glue_workflow_bucket": "music-stream-glue"},
)

with DAG(
    "dag_glue_workflow",
    description="Song metrics by AWS Glue (Spark and Python shell) into DynamoDB",
    doc_md=__doc__,
    schedule=timedelta(minutes=5),
    start_date=datetime(2025, 10, 16, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "on_failure_callback": notify_failure},
    **late_after(hours=1),
    tags=["music", "glue", "dynamodb"],
    user_defined_macros=system.macros,
):
    check_files = BranchPythonOperator(
        task_id="check_files",
        python_callable=branch_on_files,
        op_args=[system, "trigger_glue_spark_job", "skip_execution"],
    )
    skip_execution = EmptyOperator(task_id="skip_execution")
    trigger_glue_spark_job = spark_job(
        "trigger_glue_spark_job",
        system,
        job="calculate_metrics_etl",
        script="s3://{dag_glue_workflow_bucket}/scripts/calculate_metrics_etl.py",
        minutes=15,
        wait=False,
    )
    wait_for_spark_completion = completion("wait_for_spark_completion", trigger_glue_spark_job)
    trigger_glue_python_shell_job = python_shell_job(
        "trigger_glue_python_shell_job",
        system,
        job="insert_metrics_dynamo",
        script="s3://{dag_glue_workflow_bucket}/scripts/insert_metrics_dynamo.py",
        source="s3://{dag_glue_workflow_bucket}/spotify_data/output/song_kpis/",
        minutes=20,
        fills=["track_level_reports"],
    )
    archive_files = PythonOperator(task_id="archive_files", python_callable=archive_settled, op_args=[system])

    check_files >> [trigger_glue_spark_job, skip_execution]
    trigger_glue_spark_job >> wait_for_spark_completion >> trigger_glue_python_shell_job >> archive_files
