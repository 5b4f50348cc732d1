// The library's modules at their parameter corners, side by side, for one C++ bench. Each corner has
// its own slice of every port and tells its parameters on constant outputs.

module library_bench #(
  localparam int BenchW = 136,
  localparam int Queues = 19,
  localparam int Fifos  = 9,
  localparam int Slices = 5,
  localparam int Wraps  = 7,
  localparam int Units  = 6
) (
  input  logic                     clk_i,
  // nib_outq
  input  logic [Queues-1:0]        q_rst_i,
  input  logic [Queues-1:0]        q_issue_i,
  output logic [Queues-1:0]        q_space_o,
  input  logic [Queues*BenchW-1:0] q_data_i,
  output logic [Queues-1:0]        q_valid_o,
  input  logic [Queues-1:0]        q_ready_i,
  output logic [Queues*BenchW-1:0] q_data_o,
  output logic [Queues*64-1:0]     q_corner_o,
  // nib_stream_fifo
  input  logic [Fifos-1:0]         f_rst_i,
  input  logic [Fifos-1:0]         f_valid_i,
  output logic [Fifos-1:0]         f_ready_o,
  input  logic [Fifos*BenchW-1:0]  f_data_i,
  output logic [Fifos-1:0]         f_valid_o,
  input  logic [Fifos-1:0]         f_ready_i,
  output logic [Fifos*BenchW-1:0]  f_data_o,
  output logic [Fifos*64-1:0]      f_corner_o,
  // nib_boundary
  input  logic [Slices-1:0]        s_rst_i,
  input  logic [Slices-1:0]        s_valid_i,
  output logic [Slices-1:0]        s_ready_o,
  input  logic [Slices*BenchW-1:0] s_data_i,
  output logic [Slices-1:0]        s_valid_o,
  input  logic [Slices-1:0]        s_ready_i,
  output logic [Slices*BenchW-1:0] s_data_o,
  output logic [Slices*64-1:0]     s_corner_o,
  // nib_credit_wrap
  input  logic [Wraps-1:0]         w_rst_i,
  input  logic [Wraps-1:0]         w_valid_i,
  output logic [Wraps-1:0]         w_ready_o,
  input  logic [Wraps*BenchW-1:0]  w_data_i,
  input  logic [Wraps-1:0]         w_last_i,
  output logic [Wraps-1:0]         w_valid_o,
  input  logic [Wraps-1:0]         w_ready_i,
  output logic [Wraps*BenchW-1:0]  w_data_o,
  output logic [Wraps-1:0]         w_last_o,
  output logic [Wraps*64-1:0]      w_corner_o,
  // nib_threshold
  input  logic [Units-1:0]         t_valid_i,
  input  logic [Units*BenchW-1:0]  t_data_i,
  output logic [Units-1:0]         t_valid_o,
  output logic [Units*BenchW-1:0]  t_data_o
);

  // {width, depth, latency, storage}
  localparam logic [Queues*64-1:0] QueueCorners = {
    {16'd8, 16'd1, 16'd0, 16'd0},   {16'd1, 16'd1, 16'd3, 16'd0},   {16'd65, 16'd2, 16'd0, 16'd0},
    {16'd8, 16'd2, 16'd1, 16'd0},   {16'd8, 16'd3, 16'd1, 16'd0},   {16'd33, 16'd5, 16'd3, 16'd1},
    {16'd8, 16'd4, 16'd2, 16'd2},   {16'd8, 16'd16, 16'd0, 16'd0},  {16'd1, 16'd17, 16'd4, 16'd0},
    {16'd130, 16'd32, 16'd7, 16'd0}, {16'd8, 16'd33, 16'd2, 16'd0}, {16'd8, 16'd64, 16'd9, 16'd0},
    {16'd33, 16'd6, 16'd2, 16'd3},  {16'd8, 16'd65, 16'd3, 16'd0},  {16'd8, 16'd7, 16'd2, 16'd4},
    {16'd130, 16'd512, 16'd1, 16'd0}, {16'd8, 16'd1024, 16'd0, 16'd4}, {16'd8, 16'd1, 16'd2, 16'd3},
    {16'd8, 16'd1, 16'd1, 16'd4}};
  localparam logic [Fifos*64-1:0] FifoCorners = {
    {16'd8, 16'd1, 16'd0, 16'd0},   {16'd1, 16'd2, 16'd0, 16'd0},   {16'd65, 16'd3, 16'd0, 16'd0},
    {16'd8, 16'd16, 16'd0, 16'd1},  {16'd33, 16'd31, 16'd0, 16'd0}, {16'd8, 16'd50, 16'd0, 16'd0},
    {16'd130, 16'd100, 16'd0, 16'd0}, {16'd8, 16'd2, 16'd0, 16'd4}, {16'd8, 16'd3, 16'd0, 16'd3}};
  localparam logic [Slices*64-1:0] SliceCorners = {
    {16'd1, 48'd0}, {16'd8, 48'd0}, {16'd33, 48'd0}, {16'd65, 48'd0}, {16'd130, 48'd0}};
  // {in width, out width, latency, 0}
  localparam logic [Wraps*64-1:0] WrapCorners = {
    {16'd1, 16'd1, 16'd0, 16'd0},   {16'd8, 16'd8, 16'd1, 16'd0},   {16'd9, 16'd7, 16'd2, 16'd0},
    {16'd64, 16'd33, 16'd5, 16'd0}, {16'd130, 16'd130, 16'd13, 16'd0}, {16'd8, 16'd9, 16'd40, 16'd0},
    {16'd17, 16'd16, 16'd100, 16'd0}};

  assign q_corner_o = QueueCorners;
  assign f_corner_o = FifoCorners;
  assign s_corner_o = SliceCorners;
  assign w_corner_o = WrapCorners;

  for (genvar i = 0; i < Queues; i++) begin : gen_queue
    queue_corner #(
      .Width  (32'(QueueCorners[i*64+48 +: 16])),
      .Depth  (32'(QueueCorners[i*64+32 +: 16])),
      .Latency(32'(QueueCorners[i*64+16 +: 16])),
      .Storage(32'(QueueCorners[i*64 +: 16])),
      .BenchW (BenchW)
    ) u_corner (
      .clk_i,
      .rst_i      (q_rst_i[i]),
      .issue_i    (q_issue_i[i]),
      .space_o    (q_space_o[i]),
      .data_i     (q_data_i[i*BenchW +: BenchW]),
      .out_valid_o(q_valid_o[i]),
      .out_ready_i(q_ready_i[i]),
      .out_data_o (q_data_o[i*BenchW +: BenchW])
    );
  end

  for (genvar i = 0; i < Fifos; i++) begin : gen_fifo
    localparam int Width = 32'(FifoCorners[i*64+48 +: 16]);
    logic [Width-1:0] word;
    nib_stream_fifo #(
      .Width  (Width),
      .Depth  (32'(FifoCorners[i*64+32 +: 16])),
      .Storage(32'(FifoCorners[i*64 +: 16]))
    ) u_corner (
      .clk_i,
      .rst_i      (f_rst_i[i]),
      .in_valid_i (f_valid_i[i]),
      .in_ready_o (f_ready_o[i]),
      .in_data_i  (f_data_i[i*BenchW +: Width]),
      .out_valid_o(f_valid_o[i]),
      .out_ready_i(f_ready_i[i]),
      .out_data_o (word)
    );
    assign f_data_o[i*BenchW +: BenchW] = BenchW'(word);
  end

  for (genvar i = 0; i < Slices; i++) begin : gen_slice
    localparam int Width = 32'(SliceCorners[i*64+48 +: 16]);
    logic [Width-1:0] word;
    nib_boundary #(
      .Width(Width)
    ) u_corner (
      .clk_i,
      .rst_i      (s_rst_i[i]),
      .in_valid_i (s_valid_i[i]),
      .in_ready_o (s_ready_o[i]),
      .in_data_i  (s_data_i[i*BenchW +: Width]),
      .out_valid_o(s_valid_o[i]),
      .out_ready_i(s_ready_i[i]),
      .out_data_o (word)
    );
    assign s_data_o[i*BenchW +: BenchW] = BenchW'(word);
  end

  for (genvar i = 0; i < Wraps; i++) begin : gen_wrap
    wrap_corner #(
      .InWidth (32'(WrapCorners[i*64+48 +: 16])),
      .OutWidth(32'(WrapCorners[i*64+32 +: 16])),
      .Latency (32'(WrapCorners[i*64+16 +: 16])),
      .BenchW  (BenchW)
    ) u_corner (
      .clk_i,
      .rst_i      (w_rst_i[i]),
      .in_valid_i (w_valid_i[i]),
      .in_ready_o (w_ready_o[i]),
      .in_data_i  (w_data_i[i*BenchW +: BenchW]),
      .in_last_i  (w_last_i[i]),
      .out_valid_o(w_valid_o[i]),
      .out_ready_i(w_ready_i[i]),
      .out_data_o (w_data_o[i*BenchW +: BenchW]),
      .out_last_o (w_last_o[i])
    );
  end

  // Units of two lanes: lane 1 has the thresholds {-5, 0, 0, 7} (signed) or {1, 2, 9, 15}; lane 0 has
  // the ends of the range and beyond: {-16, -8, 7, 15} or {0, 3, 8, 16}.
  for (genvar i = 0; i < Units; i++) begin : gen_unit
    localparam bit Signed = i >= 3;
    localparam logic [39:0] Table = Signed
        ? {5'sd7, 5'sd0, 5'sd0, -5'sd5, 5'sd15, 5'sd7, -5'sd8, 5'h10}
        : {5'd15, 5'd9, 5'd2, 5'd1, 5'h0f, 5'd8, 5'd3, 5'd0};
    logic [5:0] counts;
    nib_threshold #(
      .Channels  (2),
      .Levels    (4),
      .InW       (4),
      .InSigned  (Signed),
      .OutW      (3),
      .Latency   (i % 3),
      .Thresholds(Table)
    ) u_corner (
      .clk_i,
      .in_valid_i (t_valid_i[i]),
      .in_data_i  (t_data_i[i*BenchW +: 8]),
      .out_valid_o(t_valid_o[i]),
      .out_data_o (counts)
    );
    assign t_data_o[i*BenchW +: BenchW] = BenchW'(counts);
  end

endmodule : library_bench
