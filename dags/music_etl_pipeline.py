"""Music streaming ETL: once a day, CSV files in S3 become Parquet files, and tables and KPIs in Redshift.

Rows that break their contract are left out, each with its reason. Accepted rows are saved as Parquet in the processed
bucket, as they are and transformed, and loaded into Redshift, each once; its KPIs are saved as CSV. Then the stream
files that were read are archived. Whatever fails, the files stay and the next run goes on from there.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from hitparade.airflow import System, late_after, notify_failure, tables
from hitparade.airflow.warehouse import compute_kpis, extract_and_validate, load_to_redshift, transform_data

system = System(
    __file__,
    config="s3://{music_etl_pipeline_bucket}/hitparade.toml",
    variables={
        "music_etl_pipeline_bucket": "music-streaming-etl-data",
        "music_etl_pipeline_processed_bucket": "music-etl-processed-data",
        "music_etl_pipeline_warehouse": "redshift:?kpis=compute&staging=s3://{music_etl_pipeline_processed_bucket}/staging",
    },
)
PROCESSED = "s3://{music_etl_pipeline_processed_bucket}"

with DAG(
    "music_etl_pipeline",
    description="ETL for music streaming data using S3 + Redshift",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2025, 6, 12, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "airflow",
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
        "on_failure_callback": notify_failure,
    },
    **late_after(hours=6),
    tags=["music", "etl", "s3"],
    user_defined_macros=system.macros,
):
    extract = PythonOperator(
        task_id="extract_and_validate", python_callable=extract_and_validate, op_args=[system, PROCESSED]
    )
    transform = PythonOperator(task_id="transform_data", python_callable=transform_data, op_args=[system, PROCESSED])
    load = PythonOperator(task_id="load_to_redshift", python_callable=load_to_redshift, op_args=[system])
    kpis = PythonOperator(
        task_id="compute_kpis",
        python_callable=compute_kpis,
        op_args=[system, PROCESSED],
        outlets=tables("genre_kpis", "hourly_kpis", "top_artist_per_hour"),
    )

    extract >> transform >> load >> kpis
