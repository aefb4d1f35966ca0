"""Music streaming services: once a day, streams in S3 become KPIs in the DynamoDB table music_kpis_table.

Without streams the run ends at end_dag_task. Otherwise streams, songs and users are copied under the run's own prefix;
if a copy lacks a required column, the run ends at end_dag_if_validation_fails_task and no delivered file is touched.
Else the copies move to the intermediate bucket, AWS Glue transforms and computes, and the streams that were read go to
Glacier. The copies are removed whatever becomes of the run; a job that fails fails it.
"""

from datetime import UTC, datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.sdk import DAG

from hitparade.airflow import System, late_after, notify_failure, spark_job
from hitparade.airflow.checks import branch_on_columns
from hitparade.airflow.copies import copy_inputs, move_copies, remove_copies
from hitparade.airflow.tasks import archive_settled, branch_on_files

system = System(
    __file__,
    config="s3://{music_streaming_pipeline_bucket}/hitparade.toml",
    variables={
        "music_streaming_pipeline_bucket": "music-streaming-services",
        "music_streaming_pipeline_intermediate_bucket": "music-streaming-intermediate",
        "music_streaming_pipeline_archive_bucket": "music-streaming-glacier-archive",
    },
)
SCRIPT = "s3://{music_streaming_pipeline_bucket}/glue_scripts/streaming_transformation.py"
TEMPORARY = "s3://{music_streaming_pipeline_bucket}/temp"
INTERMEDIATE = "s3://{music_streaming_pipeline_intermediate_bucket}"

with DAG(
    "music_streaming_pipeline",
    description="Daily genre KPIs of a music streaming service by AWS Glue into DynamoDB",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2025, 3, 21, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "airflow", "retries": 1, "on_failure_callback": notify_failure},
    **late_after(hours=6),
    tags=["music", "glue", "dynamodb"],
    user_defined_macros=system.macros,
):
    start = EmptyOperator(task_id="start_dag_task")
    sense = BranchPythonOperator(
        task_id="sense_streaming_data",
        python_callable=branch_on_files,
        op_args=[system, "extract_and_combine_streams_task", "end_dag_task", ["streams"]],
    )
    extract = PythonOperator(
        task_id="extract_and_combine_streams_task", python_callable=copy_inputs, op_args=[system, TEMPORARY]
    )
    valid, invalid = "move_files_to_intermediate_bucket_task", "end_dag_if_validation_fails_task"
    validate = BranchPythonOperator(
        task_id="validate_csv_files_task",
        python_callable=branch_on_columns,
        op_args=[system, extract.output, valid, invalid],
    )
    end_invalid = EmptyOperator(task_id=invalid)
    move = PythonOperator(task_id=valid, python_callable=move_copies, op_args=[system, extract.output, INTERMEDIATE])
    trigger = spark_job(
        "trigger_glue_job", system, job="music_streaming_kpis", script=SCRIPT, fills=["music_kpis_table"]
    )
    delete = PythonOperator(
        task_id="delete_files_from_intermediate_bucket_task",
        python_callable=remove_copies,
        op_args=[system, [TEMPORARY, INTERMEDIATE]],
    ).as_teardown(setups=extract)
    archive = PythonOperator(task_id="archive_streams_data_task", python_callable=archive_settled, op_args=[system])
    end = EmptyOperator(task_id="end_dag_task", trigger_rule="none_failed_min_one_success")

    start >> sense >> [extract, end]
    # The last of these three is only there to be skipped with the others when validation fails.
    extract >> validate >> [end_invalid, move, end]
    move >> trigger >> [delete, archive] >> end
