"""GPTQ (Frantar et al. 2023, arXiv:2210.17323) through GPTQModel."""
