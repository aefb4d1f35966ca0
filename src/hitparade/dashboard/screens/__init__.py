"""The pages, each shown by its `show`. (Streamlit takes the files of a folder `pages` for pages of their own.)"""
