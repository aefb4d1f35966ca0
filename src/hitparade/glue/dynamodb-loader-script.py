"""The loader of music_streaming_with_etl: its include/dynamodb-loader-script.py.

Publishes the KPIs that are computed and not in the music_streaming_* tables yet. After glue-etl-script.py there is
nothing left to do, unless that failed on its way to DynamoDB: then this goes on where it stopped. It needs no Spark.

    --config s3://bucket/folder/hitparade.toml   the workspace
    --preview                                    show what is not published yet, write nothing
"""

from hitparade.glue.door import publish_the_rest

if __name__ == "__main__":
    publish_the_rest(__doc__)
