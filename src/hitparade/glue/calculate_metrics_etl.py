"""The Spark job of dag_glue_workflow: calculate_metrics_etl.

Loads spotify_data/songs, users and user_streams, computes the KPIs of the days that changed, and publishes
track_daily, top_songs_daily and top_genres_daily as Parquet to output/song_kpis/, the `files:` sink of the settings.
Its columns are in docs/glue.md; insert_metrics_dynamo.py takes them to DynamoDB. Archive is the DAG's. Running it again
changes nothing.

    --config s3://bucket/spotify_data/hitparade.toml   the workspace
    --preview                                          show what the waiting files give, write nothing
"""

from hitparade.glue.door import load_compute_publish

if __name__ == "__main__":
    load_compute_publish(__doc__)
