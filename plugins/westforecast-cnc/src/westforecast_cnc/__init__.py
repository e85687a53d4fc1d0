"""The study of western China's CNC machine tool output: data, assumptions, claims, study file."""
