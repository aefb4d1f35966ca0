"""The Glue job of music_streaming_etl and of music_streaming_pipeline (`trigger_glue_job`).

Loads the stream, song and user files that wait in landing, each against its manifest, computes the KPIs of the days
that changed, and publishes them to the DynamoDB tables that the settings name. Archive and quarantine are the DAG's.
Running it again changes nothing.

    --config s3://bucket/folder/hitparade.toml   the workspace
    --preview                                    show what the waiting files give, write nothing
"""

from hitparade.glue.door import load_compute_publish

if __name__ == "__main__":
    load_compute_publish(__doc__)
