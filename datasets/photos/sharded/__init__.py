"""The check of very many photos in parts, on one machine or a Ray cluster; results are Parquet files."""
