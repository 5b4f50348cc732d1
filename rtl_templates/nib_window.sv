// Sliding window over frames of Rows x Columns pixels of Fold words, padding folded in.
//
// Behaviour   Words of the windows in the order (oy, ox, ky, kx, c), or with ChannelOuter (oy, ox,
//             c, ky, kx): word c of pixel (oy*StrideY + ky*DilationY - PadTop, ox*StrideX +
//             kx*DilationX - PadLeft), PadWord outside of the frame.
// Program     Two processes on a ring of Words words. The writer takes a word while fewer than
//             Words are live. The reader makes a word in each step: it needs the word that it reads
//             to be written in an earlier cycle, padding needs nothing. The step that ends a window
//             releases all words in front of the corner of the next window's box, clamped to the
//             frame, if the next row of windows has its corner lower down; with ReleaseRows only
//             the ends of window rows release. The end of a frame releases the frame. Frames
//             overlap: the writer runs ahead into released room, the reader into leading padding.
// Latency     A step at cycle t shows its word at t + 1 + b: b = 2 from block RAM, otherwise 1.
// Interval    1 word of the output, if Depth >= b + 2.
// Protocol    in_ready_o and out_valid_o come straight from flip-flops; outputs hold until
//             accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_window #(
  parameter int Width,
  parameter int Rows,
  parameter int Columns,
  parameter int Fold,
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
  parameter bit ChannelOuter = 1'b0,
  parameter bit ReleaseRows = 1'b0,
  parameter logic [Width-1:0] PadWord = '0,
  parameter int Words,
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
  output logic [Width-1:0] out_data_o
);

  localparam int ExtentY = (KernelY - 1) * DilationY + 1;
  localparam int ExtentX = (KernelX - 1) * DilationX + 1;
  localparam int OutRows = (Rows + PadTop + PadBottom - ExtentY) / StrideY + 1;
  localparam int OutCols = (Columns + PadLeft + PadRight - ExtentX) / StrideX + 1;
  localparam int Line    = Columns * Fold;  // words of a row of pixels
  localparam int Frame   = Rows * Line;

  if (Rows < 1 || Columns < 1 || Fold < 1 || Words < 1) begin : gen_bad_size
    $error("Rows, Columns, Fold and Words must be at least 1");
  end
  if (OutRows < 1 || OutCols < 1 || ExtentY > Rows + PadTop + PadBottom ||
      ExtentX > Columns + PadLeft + PadRight) begin : gen_bad_kernel
    $error("the kernel must fit into the padded frame");
  end
  if (PadTop >= ExtentY || PadBottom >= ExtentY || PadLeft >= ExtentX || PadRight >= ExtentX)
  begin : gen_bad_pad
    $error("the padding must be smaller than the kernel");
  end

  // The read address moves by a constant in each step: that of the outermost loop that advances.
  // Inside a window the loops are, from the inside, 0 to 2.
  localparam int Step0 = ChannelOuter ? DilationX * Fold : 1;
  localparam int Step1 = (ChannelOuter ? DilationY * Line - (KernelX - 1) * DilationX * Fold
                                       : DilationX * Fold - (Fold - 1));
  localparam int Step2 = ChannelOuter
      ? 1 - (KernelY - 1) * DilationY * Line - (KernelX - 1) * DilationX * Fold
      : DilationY * Line - (KernelX - 1) * DilationX * Fold - (Fold - 1);
  localparam int WindowSpan = (ExtentY - 1) * Line + ExtentX * Fold - 1;
  localparam int StepX = StrideX * Fold - WindowSpan;
  localparam int StepY = StrideY * Line - (OutCols - 1) * StrideX * Fold - WindowSpan;
  localparam int StepF = Frame - (OutRows - 1) * StrideY * Line - (OutCols - 1) * StrideX * Fold
                         - WindowSpan;
  localparam int First = -(PadTop * Line + PadLeft * Fold);

  // What window ends release: the corner moves by a stride, or less where it leaves the padding.
  localparam int FirstX   = (StrideX - PadLeft % StrideX) % StrideX * Fold;
  localparam int FirstY   = (StrideY - PadTop % StrideY) % StrideY * Line;
  localparam int LastX    = ReleaseRows || (OutCols - 1) * StrideX < PadLeft ? 0 :
                            ((OutCols - 1) * StrideX - PadLeft) * Fold;
  localparam int LastY    = (OutRows - 1) * StrideY < PadTop ? 0 :
                            ((OutRows - 1) * StrideY - PadTop) * Line;
  localparam int ReleaseF = Frame - LastY - LastX;

  // Counters hold up to a frame with its padding and the ring, either way.
  localparam int CntW = $clog2(Words + 2 * (Rows + PadTop + PadBottom + StrideY) *
                               (Columns + PadLeft + PadRight) * Fold) + 2;
  localparam int AdrW = Words > 1 ? $clog2(Words) : 1;
  localparam int CW   = Fold > 1 ? $clog2(Fold) : 1;
  localparam int KxW  = KernelX > 1 ? $clog2(KernelX) : 1;
  localparam int KyW  = KernelY > 1 ? $clog2(KernelY) : 1;
  localparam int OxW  = OutCols > 1 ? $clog2(OutCols) : 1;
  localparam int OyW  = OutRows > 1 ? $clog2(OutRows) : 1;
  localparam int XW   = $clog2(Columns + PadLeft + PadRight + StrideX + 1) + 1;
  localparam int YW   = $clog2(Rows + PadTop + PadBottom + StrideY + 1) + 1;

  // The same step modulo the ring.
  function automatic int modulo(input int step);
    modulo = ((step % Words) + Words) % Words;
  endfunction

  // Loops of the reader.
  logic [CW-1:0]  c_q = '0;
  logic [KxW-1:0] kx_q = '0;
  logic [KyW-1:0] ky_q = '0;
  logic [OxW-1:0] ox_q = '0;
  logic [OyW-1:0] oy_q = '0;
  logic c_last, kx_last, ky_last, ox_last, oy_last, c_go, kx_go, ky_go;
  logic window_end, row_end, frame_end, space, fire;

  assign c_last     = c_q == CW'(Fold - 1);
  assign kx_last    = kx_q == KxW'(KernelX - 1);
  assign ky_last    = ky_q == KyW'(KernelY - 1);
  assign ox_last    = ox_q == OxW'(OutCols - 1);
  assign oy_last    = oy_q == OyW'(OutRows - 1);
  assign window_end = c_last && kx_last && ky_last;
  assign row_end    = window_end && ox_last;
  assign frame_end  = row_end && oy_last;

  if (ChannelOuter) begin : gen_order_tap
    assign kx_go = 1'b1;
    assign ky_go = kx_last;
    assign c_go  = kx_last && ky_last;
  end else begin : gen_order_channel
    assign c_go  = 1'b1;
    assign kx_go = c_last;
    assign ky_go = c_last && kx_last;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      c_q  <= '0;
      kx_q <= '0;
      ky_q <= '0;
      ox_q <= '0;
      oy_q <= '0;
    end else if (fire) begin
      if (c_go) c_q <= c_last ? '0 : c_q + CW'(1);
      if (kx_go) kx_q <= kx_last ? '0 : kx_q + KxW'(1);
      if (ky_go) ky_q <= ky_last ? '0 : ky_q + KyW'(1);
      if (window_end) ox_q <= ox_last ? '0 : ox_q + OxW'(1);
      if (row_end) oy_q <= oy_last ? '0 : oy_q + OyW'(1);
    end
  end

  // Place of the pixel that is read.
  localparam int EndX = (KernelX - 1) * DilationX;  // from the corner to the last tap
  localparam int EndY = (KernelY - 1) * DilationY;
  logic signed [XW-1:0] x_q = XW'(-PadLeft);
  logic signed [YW-1:0] y_q = YW'(-PadTop);
  logic padding;

  // Without padding it is a constant, which tools do not see by themselves.
  assign padding = (PadLeft > 0 && x_q < XW'(0)) || (PadRight > 0 && x_q >= XW'(Columns)) ||
                   (PadTop > 0 && y_q < YW'(0)) || (PadBottom > 0 && y_q >= YW'(Rows));

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      x_q <= XW'(-PadLeft);
      y_q <= YW'(-PadTop);
    end else if (fire) begin
      if (row_end) x_q <= XW'(-PadLeft);
      else if (window_end) x_q <= x_q + XW'(StrideX - EndX);
      else if (kx_go) x_q <= kx_last ? x_q - XW'(EndX) : x_q + XW'(DilationX);
      if (frame_end) y_q <= YW'(-PadTop);
      else if (row_end) y_q <= y_q + YW'(StrideY - EndY);
      else if (ky_go) y_q <= ky_last ? y_q - YW'(EndY) : y_q + YW'(DilationY);
    end
  end

  // Addresses: ahead_q is one less than the number of words from the one read to the last written,
  // room_q one less than the free words of the ring. Their signs alone tell. Both may go below what
  // is there: a reader in padding, or at the end of a frame whose last words nobody reads.
  logic signed [CntW-1:0] ahead_q = CntW'(-First - 1);
  logic signed [CntW-1:0] room_q = CntW'(Words - 1);
  logic signed [CntW-1:0] step, released, step_now, released_now;
  logic [AdrW-1:0]        read_q = AdrW'(modulo(First));
  logic [AdrW-1:0]        write_q = '0;
  logic [AdrW:0]          ring_step, ring_sum;
  logic                   write, inner0, inner1, inner2, lower;

  assign in_ready_o = !room_q[CntW-1];
  assign write      = in_valid_i && in_ready_o;
  assign fire       = space && (padding || !ahead_q[CntW-1]);

  assign inner0 = ChannelOuter ? !kx_last : !c_last;
  assign inner1 = ChannelOuter ? !ky_last : !kx_last;
  assign inner2 = ChannelOuter ? !c_last : !ky_last;

  always_comb begin
    if (inner0) begin
      step      = CntW'(Step0);
      ring_step = (AdrW+1)'(modulo(Step0));
    end else if (inner1) begin
      step      = CntW'(Step1);
      ring_step = (AdrW+1)'(modulo(Step1));
    end else if (inner2) begin
      step      = CntW'(Step2);
      ring_step = (AdrW+1)'(modulo(Step2));
    end else if (!ox_last) begin
      step      = CntW'(StepX);
      ring_step = (AdrW+1)'(modulo(StepX));
    end else if (!oy_last) begin
      step      = CntW'(StepY);
      ring_step = (AdrW+1)'(modulo(StepY));
    end else begin
      step      = CntW'(StepF);
      ring_step = (AdrW+1)'(modulo(StepF));
    end
  end

  // At the end of a window x_q and y_q stand at its last tap. The corner of the next row of windows
  // is lower down unless both are clamped to row 0.
  assign lower = y_q > YW'(EndY - StrideY) || oy_last;

  always_comb begin
    released = '0;
    if (frame_end) begin
      released = CntW'(ReleaseF);
    end else if (row_end && lower) begin
      released = (y_q >= YW'(EndY) ? CntW'(StrideY * Line) : CntW'(FirstY)) - CntW'(LastX);
    end else if (window_end && !ox_last && lower && !ReleaseRows) begin
      if (x_q >= XW'(EndX)) released = CntW'(StrideX * Fold);
      else if (x_q > XW'(EndX - StrideX)) released = CntW'(FirstX);
    end
  end

  assign step_now     = fire ? step : '0;
  assign released_now = fire ? released : '0;
  assign ring_sum     = {1'b0, read_q} + ring_step;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      ahead_q <= CntW'(-First - 1);
      room_q  <= CntW'(Words - 1);
      read_q  <= AdrW'(modulo(First));
      write_q <= '0;
    end else begin
      ahead_q <= ahead_q - step_now + CntW'(write);
      room_q  <= room_q + released_now - CntW'(write);
      if (fire) begin
        read_q <= ring_sum >= (AdrW+1)'(Words) ? AdrW'(ring_sum - (AdrW+1)'(Words))
                                               : AdrW'(ring_sum);
      end
      if (write) write_q <= write_q == AdrW'(Words - 1) ? '0 : write_q + AdrW'(1);
    end
  end

  logic [Width-1:0] words_q [0:Words-1];
  logic [Width-1:0] read_word_q;
  logic             padding_q;
  logic             push_q = 1'b0;

  always_ff @(posedge clk_i) begin
    if (write) words_q[write_q] <= in_data_i;
    read_word_q <= words_q[read_q];
    padding_q   <= padding;
  end

  always_ff @(posedge clk_i) push_q <= fire && !rst_i;

  nib_outq #(
    .Width  (Width),
    .Depth  (Depth),
    .Lat    (1),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire),
    .space_o(space),
    .push_i (push_q),
    .data_i (padding_q ? PadWord : read_word_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_window
