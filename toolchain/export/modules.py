"""Parts of a student as torch modules of their own; needs torch at import."""

from torch import Tensor, nn

from toolchain.model.students import Student


class Backbone(nn.Module):
    """A student's convolutions between the log-mel image and the softmax."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Map the (B, 1, T, 26) image to ``lin, sof`` or ``rows``, each (B, 13, T2, 13)."""
        return self.student.backbone(image)
