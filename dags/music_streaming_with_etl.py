"""Music streaming analytics: users, songs and streams in S3, AWS Glue, six tables of metrics in DynamoDB.

Started by hand. It validates what was delivered and its columns, runs the ETL job, lets the loader write what is not
in DynamoDB yet, and archives the stream files that were read. A file that is not what its contract says fails the run
before any job starts; without anything new the run ends at its first task.
"""

from datetime import UTC, datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from hitparade.airflow import System, genre_tables, late_after, notify_failure, spark_job
from hitparade.airflow.checks import check_schema, validate_data
from hitparade.airflow.tasks import archive_settled

system = System(
    __file__,
    config="s3://{bucket_name}/hitparade.toml",
    variables={
        "bucket_name": "music-streaming-data-dynamo",
        "glue_job_name": "music_streaming_etl_job",
        "glue_script_location": "s3://{bucket_name}/glue_scripts/",
        "database_name": "music_streams",
    },
)

with DAG(
    "music_streaming_with_etl",
    description="Music streaming metrics by AWS Glue into six DynamoDB tables",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2025, 3, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "on_failure_callback": notify_failure},
    **late_after(hours=6),
    tags=["music", "glue", "dynamodb"],
    user_defined_macros=system.macros,
):
    validate = PythonOperator(task_id="validate_data", python_callable=validate_data, op_args=[system])
    schema = PythonOperator(task_id="check_schema", python_callable=check_schema, op_args=[system])
    run_etl_job = spark_job(
        "run_etl_job", system, job="{glue_job_name}", script="{glue_script_location}/glue-etl-script.py"
    )
    load_dynamodb = spark_job(
        "load_dynamodb",
        system,
        job="music_streaming_dynamodb_loader",
        script="{glue_script_location}/dynamodb-loader-script.py",
        loads=False,
        fills=genre_tables(),
    )
    archive = PythonOperator(task_id="archive_files", python_callable=archive_settled, op_args=[system])

    validate >> schema >> run_etl_job >> load_dynamodb >> archive
