"""What `crowdlens opendata` needs beside the loader: a folder for a bucket, and questions to it."""
