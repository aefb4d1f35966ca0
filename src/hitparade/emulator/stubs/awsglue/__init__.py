"""The part of Glue's own library that scripts start with: arguments, context, job. It runs on Python 3.9 too."""
