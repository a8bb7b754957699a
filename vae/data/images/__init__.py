"""A folder of image files: what lies in it, what kind its images are of, and their reading."""
