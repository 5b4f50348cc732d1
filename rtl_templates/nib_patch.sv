// Sliding window over frames of Rows x Columns pixels, in words that may span taps.
//
// Behaviour   Window (oy, ox) holds pixel (oy*StrideY + ky*DilationY - PadTop, ox*StrideX +
//             kx*DilationX - PadLeft) as tap (ky*KernelX + kx)*Width +: Width, PadWord outside of
//             the frame. It leaves in Fold = ceil(all taps / OutW) words, low bits first; the last
//             is filled up with 0.
// Program     For every place (y, x) of the padded frame, row by row: take if it is a pixel, make
//             if a window has its last tap there, and make Fold - 1 times more.
// Latency     A step at cycle t shows its word at t + 2 + b: b = 2 from block RAM, otherwise 1.
// Interval    1 place of the padded frame; Fold steps where a window ends.
// Storage     ExtentY - 1 lines of pixels in one memory, ExtentX columns of a window in registers.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_patch #(
  parameter int Width,
  parameter int Rows,
  parameter int Columns,
  parameter int KernelY,
  parameter int KernelX,
  parameter int StrideY = 1,
  parameter int StrideX = 1,
  parameter int DilationY = 1,
  parameter int DilationX = 1,
  parameter int PadTop = 0,
  parameter int PadBottom = 0,
  parameter int PadLeft = 0,
  parameter int PadRight = 0,
  parameter logic [Width-1:0] PadWord = '0,
  parameter int OutW = KernelY * KernelX * Width,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [OutW-1:0]  out_data_o
);

  localparam int ExtentY = (KernelY - 1) * DilationY + 1;
  localparam int ExtentX = (KernelX - 1) * DilationX + 1;
  localparam int PlacesY = Rows + PadTop + PadBottom;
  localparam int PlacesX = Columns + PadLeft + PadRight;

  if (Rows < 1 || Columns < 1 || Width < 1) begin : gen_bad_size
    $error("Rows, Columns and Width must be at least 1");
  end
  if (OutW < 1 || OutW > KernelY * KernelX * Width) begin : gen_bad_word
    $error("OutW must be between 1 and the bits of all taps");
  end
  if (ExtentY > PlacesY || ExtentX > PlacesX) begin : gen_bad_kernel
    $error("the kernel must fit into the padded frame");
  end

  localparam int YW   = $clog2(PlacesY + 1) + 1;
  localparam int XW   = $clog2(PlacesX + 1) + 1;
  localparam int ColW = ExtentY * Width;  // of a column of the window
  localparam int AllW = KernelY * KernelX * Width;
  localparam int Fold = (AllW + OutW - 1) / OutW;
  localparam int PartW = Fold > 1 ? $clog2(Fold) : 1;

  // Places until the next window, in either direction: an extent first, then strides.
  localparam int MostY = ExtentY > StrideY ? ExtentY : StrideY;
  localparam int MostX = ExtentX > StrideX ? ExtentX : StrideX;
  localparam int ToY   = MostY > 1 ? $clog2(MostY) : 1;
  localparam int ToX   = MostX > 1 ? $clog2(MostX) : 1;

  logic signed [YW-1:0] y_q = YW'(-PadTop);
  logic signed [XW-1:0] x_q = XW'(-PadLeft);
  logic [ToY-1:0]       to_y_q = ToY'(ExtentY - 1);
  logic [ToX-1:0]       to_x_q = ToX'(ExtentX - 1);
  logic [PartW-1:0]     part_q = '0;  // word of the window
  logic y_last, x_last, x_pixel, pixel, make, first, last, space, fire;

  assign y_last  = y_q == YW'(Rows + PadBottom - 1);
  assign x_last  = x_q == XW'(Columns + PadRight - 1);
  assign x_pixel = x_q >= XW'(0) && x_q < XW'(Columns);
  assign pixel   = x_pixel && y_q >= YW'(0) && y_q < YW'(Rows);
  assign make    = to_y_q == '0 && to_x_q == '0;

  assign first   = part_q == '0;
  assign last    = !make || part_q == PartW'(Fold - 1);

  assign in_ready_o = pixel && first && (!make || space);
  assign fire       = (!pixel || !first || in_valid_i) && (!make || space);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      y_q    <= YW'(-PadTop);
      x_q    <= XW'(-PadLeft);
      to_y_q <= ToY'(ExtentY - 1);
      to_x_q <= ToX'(ExtentX - 1);
      part_q <= '0;
    end else if (fire && !last) begin
      part_q <= part_q + PartW'(1);
    end else if (fire) begin
      part_q <= '0;
      x_q <= x_last ? XW'(-PadLeft) : x_q + XW'(1);
      if (x_last) to_x_q <= ToX'(ExtentX - 1);
      else to_x_q <= to_x_q == '0 ? ToX'(StrideX - 1) : to_x_q - ToX'(1);
      if (x_last) begin
        y_q <= y_last ? YW'(-PadTop) : y_q + YW'(1);
        if (y_last) to_y_q <= ToY'(ExtentY - 1);
        else to_y_q <= to_y_q == '0 ? ToY'(StrideY - 1) : to_y_q - ToY'(1);
      end
    end
  end

  // The column of the padded frame that ends at this place: the rows above come from the lines.
  logic             fire_q = 1'b0;
  logic             make_q = 1'b0;
  logic             column_q;
  logic [Width-1:0] pixel_q;
  logic [ColW-1:0]  column;

  always_ff @(posedge clk_i) begin
    fire_q <= fire && first && !rst_i;
    make_q <= fire && make && !rst_i;
  end
  always_ff @(posedge clk_i) begin
    column_q <= x_pixel;
    pixel_q  <= pixel ? in_data_i : PadWord;
  end

  if (ExtentY == 1) begin : gen_line
    assign column = column_q ? pixel_q : PadWord;
  end else begin : gen_lines
    localparam int AboveW = (ExtentY - 1) * Width;
    localparam int AdrW   = Columns > 1 ? $clog2(Columns) : 1;
    logic [AboveW-1:0] lines_q [0:Columns-1];
    logic [AboveW-1:0] above_q;
    logic [ColW-1:0]   below;
    logic [AdrW-1:0]   read, write_q;

    assign read  = AdrW'(x_q);
    assign below = {pixel_q, above_q};

    if (Columns == 1) begin : gen_one
      // Read and written in the same cycle where steps follow each other.
      assign above_q = lines_q[0];
      logic unused_address;
      assign unused_address = ^{read, write_q};
      always_ff @(posedge clk_i) begin
        if (fire_q && column_q) lines_q[0] <= below[ColW-1:Width];
      end
    end else begin : gen_memory
      always_ff @(posedge clk_i) begin
        if (fire_q && column_q) lines_q[write_q] <= below[ColW-1:Width];
        above_q <= lines_q[read];
      end
    end

    always_ff @(posedge clk_i) write_q <= read;
    assign column = column_q ? below : {ExtentY{PadWord}};
  end

  logic [ExtentX*ColW-1:0] window_d, window_q;
  logic                    push_q = 1'b0;

  if (ExtentX == 1) begin : gen_narrow
    assign window_d = column;
  end else begin : gen_wide
    assign window_d = {column, window_q[ExtentX*ColW-1:ColW]};
  end

  always_ff @(posedge clk_i) begin
    if (fire_q) window_q <= window_d;
  end
  always_ff @(posedge clk_i) push_q <= make_q && !rst_i;

  logic [AllW-1:0] taps;
  logic [OutW-1:0] word;

  for (genvar ky = 0; ky < KernelY; ky++) begin : gen_row
    for (genvar kx = 0; kx < KernelX; kx++) begin : gen_tap
      assign taps[(ky*KernelX+kx)*Width +: Width] =
          window_q[kx*DilationX*ColW + ky*DilationY*Width +: Width];
    end
  end

  if (DilationY > 1) begin : gen_between
    logic unused_rows;  // rows of the first column between taps
    assign unused_rows = ^window_q[ColW-1:0];
  end

  if (Fold == 1) begin : gen_whole
    assign word = taps;
  end else begin : gen_parts
    logic [PartW-1:0]     part_q1, part_q2;
    logic [Fold*OutW-1:0] parts;
    always_ff @(posedge clk_i) begin
      part_q1 <= part_q;
      part_q2 <= part_q1;
    end
    assign parts = (Fold*OutW)'(taps);
    always_comb begin
      word = '0;
      for (int p = 0; p < Fold; p++) begin
        if (part_q2 == PartW'(p)) word = parts[p*OutW +: OutW];
      end
    end
  end

  nib_outq #(
    .Width  (OutW),
    .Depth  (Depth),
    .Lat    (2),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && make),
    .space_o(space),
    .push_i (push_q),
    .data_i (word),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_patch
