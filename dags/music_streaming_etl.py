"""Music streaming ETL: stream files that come at any time, validated by their manifest.json, computed by AWS Glue.

A run waits for a file, and the next one begins when it has ended. Files that the manifest refuses by name, size or
columns fail the run and go to the manifest's quarantine path; the others stay for the next run. A Glue job that fails
fails the run and leaves the files; after three failures in a row Airflow pauses the DAG, so that it does not go on
starting jobs.
"""

from datetime import UTC, datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from hitparade.airflow import System, arrival, genre_tables, notify_failure, on_arrival, spark_job
from hitparade.airflow.checks import quarantine_refused, validate_streams
from hitparade.airflow.tasks import archive_settled, prepare_job

system = System(
    __file__,
    config="s3://{bucket}/hitparade.toml",
    variables={"bucket": "music-streaming-etl", "source_path": "data/streams/"},
)

with DAG(
    "music_streaming_etl",
    description="Stream files as they come, by manifest.json and AWS Glue into DynamoDB",
    doc_md=__doc__,
    schedule=on_arrival("@continuous"),
    start_date=datetime(2025, 3, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_consecutive_failed_dag_runs=3,
    default_args={"owner": "airflow", "retries": 1, "on_failure_callback": notify_failure},
    tags=["music", "glue", "dynamodb"],
    user_defined_macros=system.macros,
):
    sense = arrival("s3_key_sensor", system, "s3://{bucket}/{source_path}")
    validate = PythonOperator(
        task_id="validate_streaming_files_task", python_callable=validate_streams, op_args=[system]
    )
    prepare = PythonOperator(task_id="prepare_files_for_job_run_task", python_callable=prepare_job, op_args=[system])
    run_glue_job = spark_job(
        "run_glue_job_task",
        system,
        job="streaming_transformation",
        script="s3://{bucket}/aws-glue-scripts/streaming_transformation.py",
        fills=genre_tables("music_streaming_etl_"),
    )
    archive = PythonOperator(task_id="archive_and_cleanup_task", python_callable=archive_settled, op_args=[system])
    cleanup = PythonOperator(
        task_id="cleanup_on_failure_task",
        python_callable=quarantine_refused,
        op_args=[system],
        trigger_rule="one_failed",
    )

    sense >> validate >> prepare >> run_glue_job >> archive
    validate >> cleanup
