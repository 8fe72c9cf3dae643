"""Files to series, frames and grey values, free of Qt."""
