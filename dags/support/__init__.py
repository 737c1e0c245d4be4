"""What the DAG files share. Not a DAG; .airflowignore keeps the DAG processor out."""
