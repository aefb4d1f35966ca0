"""The Glue job of music_streaming_with_etl: its include/glue-etl-script.py.

Loads the user, song and stream files that wait in landing, each against its manifest, computes the KPIs of the days
that changed, and publishes them to the six music_streaming_* tables. Running it again changes nothing.

    --config s3://bucket/folder/hitparade.toml   the workspace
    --preview                                    show what the waiting files give, write nothing
"""

from hitparade.glue.door import load_compute_publish

if __name__ == "__main__":
    load_compute_publish(__doc__)
