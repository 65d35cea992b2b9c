//! The shape of a pooled convolution: what comes in, what goes out, and which pixels a filter sees.

/// Side of a filter.
pub const KERNEL: usize = 5;
/// Side of the squares of which the largest value stays.
pub const POOL: usize = 2;

/// A convolution of images of `height` × `width` pixels with `channels` numbers each, without padding, and its
/// pooling. Values lie by pixel, the channels of one side by side; rows and columns that fill no square are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub filters: usize,
}

impl Convolution {
    /// Rows and columns behind the pooling; 0 where the image is too small for a filter.
    pub fn pooled(self) -> [usize; 2] {
        [self.height, self.width].map(|side| (side + 1).saturating_sub(KERNEL) / POOL)
    }

    /// Numbers of one image.
    pub fn inputs(self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers of one pooled image.
    pub fn outputs(self) -> usize {
        let [rows, columns] = self.pooled();
        rows * columns * self.filters
    }

    /// Numbers that a filter sees at once.
    pub fn fan_in(self) -> usize {
        KERNEL * KERNEL * self.channels
    }

    /// Numbers from the beginning of one row of the image to that of the next.
    pub fn row(self) -> usize {
        self.width * self.channels
    }

    /// Neighboring numbers that a filter sees of one row.
    pub fn run(self) -> usize {
        KERNEL * self.channels
    }

    /// Where in the image the patch begins that leads to place `corner` (0 to 3, row by row) of a pooled pixel's
    /// square.
    pub fn patch(self, pixel: usize, corner: usize) -> usize {
        let [_, columns] = self.pooled();
        let (y, x) = (pixel / columns * POOL + corner / POOL, pixel % columns * POOL + corner % POOL);
        (y * self.width + x) * self.channels
    }
}
