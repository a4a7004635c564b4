"""A student in torch, out as ONNX (float, int8) and float TFLite; every conversion is gated."""
